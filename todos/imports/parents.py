"""Steps after their tasks, from files that have them in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
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
        yield from self._with_steps(task)

    def _with_steps(self, task: TaskRow) -> Iterator[FileItem]:
        ready = deque([task])
        while ready:
            yield from self._placed(ready[0])
            ready += self._waiting.pop(ready.popleft().source, [])

    def rest(self) -> Iterator[FileItem]:
        """Yield the tasks whose parent is not in the file, or is one of their steps."""
        waiting = [task for tasks in self._waiting.values() for task in tasks]
        parents = {task.source: task.parent for task in waiting}
        for parent in [one for one in self._waiting if one not in parents]:
            for task in self._waiting.pop(parent):
                message = "Its parent is not in the file: imported as a task."
                yield from self._without_parent(task, message)
        while self._waiting:
            task = self._one_of_a_circle(parents)
            steps = self._waiting.pop(task.parent)
            if others := [one for one in steps if one is not task]:
                self._waiting[task.parent] = others
            message = "It is a step of itself in the file: imported as a task."
            yield from self._without_parent(task, message)

    def _one_of_a_circle(self, parents: Mapping[str, str]) -> TaskRow:
        member = source = next(iter(self._waiting))
        seen: set[str] = set()
        while source not in seen:
            seen.add(source)
            member, source = source, parents[source]
        steps = self._waiting[source]
        return next(task for task in steps if task.source == member)

    def _without_parent(self, task: TaskRow, message: str) -> Iterator[FileItem]:
        yield self._notice(task, message)
        yield from self.add(replace(task, parent=""))

    def unresolved(self) -> Iterator[FileItem]:
        """Yield the tasks whose parent is not in the file: it may be in the account."""
        sources = {task.source for tasks in self._waiting.values() for task in tasks}
        for parent in sorted(self._waiting, key=sources.__contains__):
            for task in self._waiting.pop(parent, []):
                yield from self._with_steps(task)

    def _placed(self, task: TaskRow) -> Iterator[FileItem]:
        top = self._top.get(task.parent) if task.parent else None
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
        lists = task.list_name, task.list_source
        if any(lists) and lists != (top.list_name, top.list_source):
            yield self._notice(task, "A step goes to the list of its task.")
        place = top.source, top.list_name, top.list_source
        if (task.parent, *lists) != place:
            source, name, list_source = place
            task = replace(task, parent=source, list_name=name, list_source=list_source)
        yield task

    def _notice(self, task: TaskRow, message: str) -> RowIssue:
        return RowIssue(task.row, self._field, message, is_error=False)
