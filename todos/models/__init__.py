"""Tasks, their lists and labels, and the ledger of every change to them.

State is stored as timestamps: a task is open while `completed_at` is null, and in the
trash once `trashed_at` is set. Every row has an `owner` and refers only to rows of the
same owner; on PostgreSQL, composite foreign keys enforce that.
"""

from todos.models.change import Change, ChangeQuerySet
from todos.models.expressions import CountOf, FoldedField, LabelNames, StepCount
from todos.models.idempotent_answer import IdempotentAnswer
from todos.models.import_file import ImportFile
from todos.models.label import Label, LabelQuerySet, label_key, names_by_key
from todos.models.ledger import Ledger
from todos.models.loaded import NotLoaded
from todos.models.owned import Colour, OwnedQuerySet, position_now
from todos.models.task import Task, TaskLabel, TaskQuerySet
from todos.models.task_list import TaskList, TaskListQuerySet

__all__ = [
    "Change",
    "ChangeQuerySet",
    "CountOf",
    "Colour",
    "FoldedField",
    "IdempotentAnswer",
    "ImportFile",
    "Label",
    "LabelNames",
    "LabelQuerySet",
    "Ledger",
    "NotLoaded",
    "OwnedQuerySet",
    "StepCount",
    "Task",
    "TaskLabel",
    "TaskList",
    "TaskListQuerySet",
    "TaskQuerySet",
    "label_key",
    "names_by_key",
    "position_now",
]
