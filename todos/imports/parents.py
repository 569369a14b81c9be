"""Steps after their tasks, from files that have them in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from todos.actions.imports.rows import FileItem, RowIssue, TaskRow


class ParentSorter:
    """Yields steps after their tasks, with one level of steps, from any order.

    `field` is what a file calls the parent of a task; notices name it.
    """

    def __init__(self, field: str) -> None:
        self._field = field
        # By the source of a task: its top-level task, whose list its steps are in.
        self._top: dict[str, TaskRow] = {}
        self._waiting: dict[str, list[TaskRow]] = {}

    def add(self, task: TaskRow) -> Iterator[FileItem]:
        """Yield the task and the steps waiting for it, or let it wait."""
        if task.parent and task.parent not in self._top:
            self._waiting.setdefault(task.parent, []).append(task)
            return
        ready = deque([task])
        while ready:
            yield from self._placed(ready[0])
            ready += self._waiting.pop(ready.popleft().source, [])

    def rest(self) -> Iterator[FileItem]:
        """Yield the tasks whose parent is not in the file."""
        while self._waiting:
            for task in self._waiting.pop(next(iter(self._waiting))):
                message = "Its parent is not in the file: imported as a task."
                yield self._notice(task, message)
                yield from self.add(replace(task, parent=""))

    def _placed(self, task: TaskRow) -> Iterator[FileItem]:
        top = self._top[task.parent] if task.parent else None
        if top is None:
            self._top[task.source] = task
            yield task
            return
        self._top[task.source] = top
        if top.source != task.parent:
            message = (
                "Steps go one level deep: imported as a step of the top-level task."
            )
            yield self._notice(task, message)
        if (top.list_name, top.list_source) != (task.list_name, task.list_source):
            yield self._notice(task, "A step goes to the list of its task.")
        yield replace(
            task,
            parent=top.source,
            list_name=top.list_name,
            list_source=top.list_source,
        )

    def _notice(self, task: TaskRow, message: str) -> RowIssue:
        return RowIssue(task.row, self._field, message, is_error=False)
