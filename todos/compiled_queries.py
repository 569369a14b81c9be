"""The compiled queries of tasks and lists; see `config.compiled_queries`."""

from accounts.models import User
from config.compiled_queries import CompiledQuery
from todos.models import Task, TaskList
from todos.task_fields import LOADED_VALUES, STORED_COLUMNS

# One task with everything that an interface shows. The column `search` repeats title
# and notes, and nothing reads it back.
TASK = CompiledQuery(
    [*(name for name in STORED_COLUMNS if name != "search"), *LOADED_VALUES],
    lambda owner, task: (
        Task.objects.owned_by(User(pk=owner)).filter(pk=task).represented()
    ),
)
INBOX = CompiledQuery(
    ["id"],
    lambda owner: TaskList.objects.owned_by(User(pk=owner)).filter(is_inbox=True),
)
