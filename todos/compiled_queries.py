"""The compiled queries of tasks and lists; see `config.compiled_queries`."""

from uuid import UUID

from accounts.models import User
from config.compiled_queries import CompiledQuery, RowValues
from todos.models import Task, TaskList
from todos.task_fields import LOADED_VALUES, STORED_COLUMNS

# One task with everything that an interface shows. The column `search` repeats title
# and notes, and nothing reads it back.
_TASK = CompiledQuery(
    [*(name for name in STORED_COLUMNS if name != "search"), *LOADED_VALUES],
    lambda owner, task: (
        Task.objects.owned_by(User(pk=owner)).filter(pk=task).represented()
    ),
)
_INBOX = CompiledQuery(
    ["id"],
    lambda owner: TaskList.objects.owned_by(User(pk=owner)).filter(is_inbox=True),
)


def task_row(owner: User, task_id: UUID) -> RowValues | None:
    """Return the task as an interface shows it, None if `owner` sees no such task."""
    row = _TASK.first(owner=owner.pk, task=task_id)
    return row if row and owner.sees_list(row["list_id"]) else None


def inbox_id(owner: User) -> UUID:
    """Return the id of the owner's inbox, which always exists."""
    row = _INBOX.first(owner=owner.pk)
    assert row is not None
    inbox: UUID = row["id"]
    return inbox
