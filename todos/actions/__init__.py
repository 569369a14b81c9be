"""Every write of a user's tasks, lists and labels.

An action takes a `Caller` first: the user whose data it writes, the credential and the
time. It finds rows only among that user's, so the id of another user's row raises
`DoesNotExist`, like an unknown id. It locks what it changes, checks the state, stores,
and records each change in the ledger, all in one transaction.
"""

from config.refusals import Refusal
from todos.actions.bulk import TASKS_MAX, BulkChange, change_tasks
from todos.actions.examples import add_examples
from todos.actions.labels import create_label, delete_label, merge_labels, update_label
from todos.actions.lists import create_list, restore_list, trash_list, update_list
from todos.actions.moves import Beside, move_list, move_task
from todos.actions.quick import preview_quick_add, quick_add, redo_quick_add
from todos.actions.refusals import (
    AlreadyCompleted,
    CannotBeUndone,
    InboxProtected,
    InTrash,
    NextExists,
    NothingToUndo,
    NotInTrash,
    NotRepeating,
    SeriesEnded,
    UndoConflict,
    UndoTooLarge,
    VersionConflict,
)
from todos.actions.removal import empty_trash, remove_task
from todos.actions.skips import skip_occurrence
from todos.actions.tasks import (
    Completion,
    complete_task,
    create_task,
    reopen_task,
    restore_task,
    toggle_task,
    trash_task,
    update_task,
)
from todos.actions.undo import Undone, undo
from todos.actions.undo_by_credential import UndoneSince, undo_since
from todos.actions.undone import is_undone
from todos.ledger import AccountFull

__all__ = [
    "TASKS_MAX",
    "AccountFull",
    "AlreadyCompleted",
    "Beside",
    "BulkChange",
    "CannotBeUndone",
    "Completion",
    "InTrash",
    "InboxProtected",
    "NextExists",
    "NotInTrash",
    "NotRepeating",
    "NothingToUndo",
    "Refusal",
    "SeriesEnded",
    "UndoConflict",
    "UndoTooLarge",
    "Undone",
    "UndoneSince",
    "VersionConflict",
    "add_examples",
    "quick_add",
    "change_tasks",
    "complete_task",
    "create_label",
    "create_list",
    "create_task",
    "delete_label",
    "empty_trash",
    "is_undone",
    "merge_labels",
    "move_list",
    "move_task",
    "preview_quick_add",
    "redo_quick_add",
    "remove_task",
    "reopen_task",
    "restore_list",
    "restore_task",
    "skip_occurrence",
    "toggle_task",
    "trash_list",
    "trash_task",
    "undo",
    "undo_since",
    "update_label",
    "update_list",
    "update_task",
]
