"""The projects in an export of Vikunja, and what must be known before their tasks.

Names of projects, columns of boards and the parents of tasks may come after the tasks
that belong to them. So the file is read twice, the first time for an outline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from todos.imports.files import FileRefused, Options
from todos.imports.json_document import JSONDocument
from todos.imports.json_lists import Item

REFUSED = "The file is not an export of Vikunja, or its data.json."
TASK_MAX = 4 * 1024 * 1024  # characters; a task contains its related tasks as well
VALUES_MAX = 50_000  # of one task
LEVELS_MAX = 20  # of projects within projects
OTHERS_MAX = 100_000  # places of tasks in views and the like, if rows are limited
TASKS = "tasks"
CHILDREN = {"child_projects", "lists"}  # the second was used until version 0.20


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of a project, or an item of one that is a list.

    `project` is the number of the project in the file, `name` that of the member.
    """

    project: int
    name: str
    value: object


class Document:
    """The entries of a file, in their order."""

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self._document = JSONDocument(
            file, value_max=TASK_MAX, values_max=VALUES_MAX, allows_fractions=True
        )
        self._options = options
        self._projects = self._rows = self._others = 0

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of all projects; the first of each names its parent.

        Raises:
            FileRefused: the file is not JSON, or is not a list of projects.
        """
        if not self._document.is_list():
            raise FileRefused(REFUSED)
        yield from self._list(parent=-1, level=0)
        self._document.end()

    def _list(self, *, parent: int, level: int) -> Iterator[Entry]:
        if level > LEVELS_MAX:
            raise FileRefused("The projects of the file are nested too deeply.")
        for _ in self._document.places():
            if not self._document.is_object():
                raise FileRefused(REFUSED)
            project = self._projects
            self._projects += 1
            self._count(1)
            yield Entry(project, "", parent)
            yield from self._members(project, level)

    def _members(self, project: int, level: int) -> Iterator[Entry]:
        seen: set[str] = set()
        for name in self._document.members():
            if name in seen:
                raise FileRefused(f"Duplicate key {name[:50]!a} in an object.")
            seen.add(name)
            if not self._document.is_list():
                value = self._document.value()
                if value is not None and name in {TASKS, *CHILDREN}:
                    raise FileRefused(REFUSED)
                yield Entry(project, name, value)
            elif name in CHILDREN:
                yield from self._list(parent=project, level=level + 1)
            else:
                for value in self._document.items():
                    self._count(name == TASKS)
                    yield Entry(project, name, value)
        if not seen & {TASKS, *CHILDREN}:
            raise FileRefused(REFUSED)

    def _count(self, rows: int) -> None:
        self._rows += rows
        self._options.require_room(self._rows)
        self._others += not rows
        if self._options.rows_max is not None and self._others > OTHERS_MAX:
            raise FileRefused(
                f"The file has more than {OTHERS_MAX} values beside tasks."
            )


@dataclass(slots=True)
class Project:
    """A project: its own members, and the columns of its board."""

    parent: int  # number of the project around it, -1 for none
    fields: dict[str, object] = field(default_factory=dict)
    columns: dict[int, str] = field(default_factory=dict)  # titles by id
    hidden: set[int] = field(default_factory=set)  # ids of the first and the last one
    column_of: dict[int, int] = field(default_factory=dict)  # ids by id of a task
    tasks: int = 0


class Outline:
    """The projects of a file, and which task is a step of which."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self.projects: list[Project] = []
        self.parents: dict[int, int] = {}  # ids of tasks
        self._tasks: set[int] = set()  # their ids
        for entry in entries:
            self._add(entry)
        self._numbers = {
            project.fields.get("id"): number
            for number, project in enumerate(self.projects)
            if type(project.fields.get("id")) is int
        }

    def path(self, number: int) -> list[Project]:
        """Return the projects around a project and itself, from the outside."""
        path: list[Project] = []
        while number >= 0 and len(path) <= LEVELS_MAX:
            project = self.projects[number]
            path.insert(0, project)
            number = project.parent
            if number < 0:
                outer = project.fields.get("parent_project_id")
                number = self._numbers.get(outer, -1) if outer else -1
        return path

    def _add(self, entry: Entry) -> None:
        if not entry.name:
            assert isinstance(entry.value, int)
            self.projects.append(Project(entry.value))
            return
        project = self.projects[entry.project]
        value = entry.value
        if entry.name == TASKS:
            project.tasks += value is not None
        if not isinstance(value, dict):
            project.fields[entry.name] = value
        elif entry.name == TASKS:
            self._add_parents(value)
        elif entry.name == "buckets":
            _add_column(project, value)
        elif entry.name == "task_buckets":
            project.column_of[number_in(value, "task_id")] = number_in(
                value, "bucket_id"
            )
        elif entry.name == "views":
            ends = {"default_bucket_id", "done_bucket_id"}
            project.hidden |= {number_in(value, name) for name in ends}

    def is_step(self, task: Item, kind: str, other: Item) -> bool:
        """Whether a relation of `task` to `other` is the one of a task to its step."""
        pair = number_in(task, "id"), number_in(other, "id")
        if kind == "subtask":
            pair = pair[1], pair[0]
        elif kind != "parenttask":
            return False
        return set(pair) <= self._tasks and self.parents.get(pair[0]) == pair[1]

    def _add_parents(self, task: Item) -> None:
        self._tasks.add(number_in(task, "id"))
        for parent in related(task, "parenttask"):
            self._add_parent(task, parent)
        for step in related(task, "subtask"):
            self._add_parent(step, task)

    def _add_parent(self, step: Item, parent: Item) -> None:
        numbers = number_in(step, "id"), number_in(parent, "id")
        if all(numbers):
            self.parents.setdefault(*numbers)


def related(task: Item, kind: str) -> list[Item]:
    """Return the tasks that a task is related to in one way."""
    relations = task.get("related_tasks")
    tasks = relations.get(kind) if isinstance(relations, dict) else None
    if not isinstance(tasks, list):
        return []
    return [one for one in tasks if isinstance(one, dict)]


def _add_column(project: Project, value: Item) -> None:
    title, number = value.get("title"), number_in(value, "id")
    if isinstance(title, str):
        project.columns[number] = title
    if value.get("is_done_bucket") is True:
        project.hidden.add(number)


def number_in(item: Item, name: str) -> int:
    value = item.get(name)
    return value if type(value) is int else 0
