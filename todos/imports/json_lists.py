"""Lists of tasks in the JSON of other programs, found wherever they are nested.

Such files come from many tools: one list or several, with or without the envelopes of
the interface they were fetched from. So a file is a tree, in which an object without
further lists is a task. Its names are given by each format.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TypeAlias

from django.core.exceptions import ValidationError

from todos.actions.imports.rows import RowIssue
from todos.imports import checks
from todos.imports.checks import RowChecker
from todos.imports.drafts import list_name
from todos.imports.files import FileRefused, Options
from todos.imports.json_document import JSONDocument

VALUES_MAX = 5_000  # of one task; a hundred steps have about 800
LEVELS_MAX = 4  # of lists within lists
TASK_MARK = "status"  # a member of every task, and of no list
LISTS_BESIDE = 1_000  # lists that don't count as rows
ID_MAX = 1_000  # characters
NAMES_MAX = 50  # unknown names that are reported
DESCRIBED_MAX = 1_000  # characters
NO_DATE = "0001-01-01"  # what some programs write for no date

Item: TypeAlias = Mapping[str, object]
Group: TypeAlias = tuple[Item, list[Item]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a program nests tasks.

    `holders` are the names of members that hold lists or tasks, `title` is that of the
    name of a list. `repeated` are names that a program writes twice in one object; the
    last value counts. `is_task` tells a task, in a list with these fields, from a list
    without tasks; it raises FileRefused with `refusal` for anything else.
    """

    holders: frozenset[str]
    title: str
    is_task: Callable[[Item, Item], bool]
    refusal: str
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list, and its tasks, numbered through the whole file."""

    name: str
    fields: Item
    tasks: list[tuple[int, Item]]
    issues: list[RowIssue]


class ListReader:
    """Reads the lists of a file."""

    def __init__(self, file: IO[bytes], options: Options, layout: Layout) -> None:
        self._document = JSONDocument(
            file, values_max=VALUES_MAX, allows_fractions=True
        )
        self._options, self._layout = options, layout
        self._places = 0  # items of lists
        self._count = 0  # tasks
        self._empty = 0  # lists without tasks

    def lists(self) -> Iterator[FoundList]:
        """Yield every list with tasks, inner ones first.

        Tasks outside of a list are in one without a name.

        Raises:
            FileRefused: the file is not JSON, or contains something else.
        """
        is_empty = True
        for fields, items in self._groups():
            is_empty = is_empty and not fields and not items
            issues: list[RowIssue] = []
            name = list_name(title_of(fields, self._layout.title), issues)
            yield FoundList(name, fields, self._numbered(items, fields), issues)
        if is_empty:
            raise FileRefused(self._layout.refusal)

    def notices(self) -> Iterator[RowIssue]:
        """Yield a notice about lists that are left out, after all have been read."""
        if self._empty:
            message = f"Lists without tasks are not imported: {self._empty}."
            yield RowIssue(None, "list", message, is_error=False)

    def _numbered(self, items: list[Item], fields: Item) -> list[tuple[int, Item]]:
        tasks = []
        for item in items:
            if self._layout.is_task(item, fields):
                self._count += 1
                self._options.require_room(self._count)
                tasks.append((self._count, item))
            else:
                self._empty += 1
        return tasks

    def _groups(self) -> Iterator[Group]:
        """Yield the fields of every list, and the objects in it."""
        items: list[Item] = []
        if self._document.is_list():
            yield from self._contents(items, 0)
        elif self._document.is_object():
            items += yield from self._object(0)
        else:
            raise FileRefused(self._layout.refusal)
        self._document.end()
        yield {}, items

    def _contents(self, items: list[Item], level: int) -> Generator[Group, None, None]:
        """Read the list that begins here, and add its tasks to `items`."""
        if level > LEVELS_MAX:
            raise FileRefused("The lists of the file are nested too deeply.")
        for _ in self._document.places():
            self._places += 1
            self._options.require_room(self._places - LISTS_BESIDE)
            if self._document.is_list():
                yield from self._contents(items, level + 1)
            elif items and TASK_MARK in items[-1]:
                items.append(self._task())  # faster than member by member
            else:
                items += yield from self._object(level)

    def _task(self) -> Item:
        value = self._document.value()
        if not isinstance(value, dict) or not self._layout.holders.isdisjoint(value):
            raise FileRefused("A list of the file has tasks and something else.")
        return value

    def _object(self, level: int) -> Generator[Group, None, list[Item]]:
        """Read the object that begins here; return it unless it is a list of tasks."""
        if not self._document.is_object():
            raise FileRefused("Each item of the file must be an object.")
        fields: dict[str, object] = {}
        items: list[Item] = []
        is_list = False
        for name in self._names():
            if name not in self._layout.holders or not self._begins_lists():
                fields[name] = self._document.value()
                continue
            is_list = True
            if self._document.is_list():
                yield from self._contents(items, level + 1)
            else:
                yield from self._page(items, fields, level + 1)
        if not is_list:
            return [fields]
        yield fields, items
        return []

    def _names(self) -> Iterator[str]:
        """Yield the names of the members of the object that begins here."""
        seen: set[str] = set()
        for name in self._document.members():
            if name in seen and name not in self._layout.repeated:
                raise FileRefused(f"Duplicate key {name[:50]!a} in an object.")
            seen.add(name)
            if len(seen) > VALUES_MAX:
                raise FileRefused(f"An object has more than {VALUES_MAX} members.")
            yield name

    def _begins_lists(self) -> bool:
        return self._document.is_list() or self._document.is_object()

    def _page(
        self, items: list[Item], fields: dict[str, object], level: int
    ) -> Generator[Group, None, None]:
        """Read the object around the tasks of a list, as interfaces answer it."""
        for name in self._names():
            if name in self._layout.holders and self._document.is_list():
                yield from self._contents(items, level)
            else:
                fields.setdefault(name, self._document.value())


def title_of(fields: Item, name: str) -> str:
    """Return the name of a list; empty if it has none.

    Raises:
        FileRefused: it is not a text.
    """
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise FileRefused(f"The {name} of a list must be a string.")
    return value or ""


class FieldNames:
    """The names of fields that a format doesn't know, for one notice each."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._unknown: set[str] = set()

    def look_at(self, item: Item) -> None:
        for name in item.keys() - self._known:
            is_empty = item[name] in (None, "", False, 0, [], {})
            if not is_empty and "@" not in name and len(self._unknown) < NAMES_MAX:
                self._unknown.add(ascii(name[:50])[1:-1])

    def notices(self) -> Iterator[RowIssue]:
        for name in sorted(self._unknown):
            message = "Ownlist doesn't know this field: it is not imported."
            yield RowIssue(None, name, message, is_error=False)


class Members:
    """The members of an object; one with another type than expected is an error."""

    def __init__(self, item: Item, checker: RowChecker, prefix: str = "") -> None:
        self._item, self._checker, self._prefix = item, checker, prefix

    def text(self, name: str) -> str:
        """Return a text; empty if it is null or missing."""
        value = self._item.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.error(name, "Must be a string.")
        return ""

    def identifier(self, name: str) -> str:
        """Return an id of the other program."""
        value = self.text(name)
        try:
            return checks.text(value, most=ID_MAX)
        except ValidationError as exc:
            self.error(name, exc.messages[0])
            return ""

    def flag(self, name: str) -> bool | None:
        value = self._item.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.error(name, "Must be true or false.")
        return None

    def number(self, name: str) -> int:
        """Return an integer; 0 if it is null or missing."""
        value = self._item.get(name)
        if value is None or type(value) is int:
            return value or 0
        self.error(name, "Must be an integer.")
        return 0

    def texts(self, name: str) -> list[str]:
        value = self._item.get(name)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        self.error(name, "Must be a list of strings.")
        return []

    def object(self, name: str) -> Members | None:
        """Return the members of an object; None if it is null or missing."""
        value = self._item.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return Members(value, self._checker, f"{self._prefix}{name}.")
        self.error(name, "Must be an object.")
        return None

    def objects(self, name: str) -> list[Members]:
        value = self._item.get(name)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            prefix = f"{self._prefix}{name}."
            return [Members(one, self._checker, prefix) for one in value]
        self.error(name, "Must be a list of objects.")
        return []

    def described(self) -> str:
        """Return the members as text for users, without those that are empty."""
        parts = []
        for name, value in self._item.items():
            values = value if isinstance(value, list) else [value]
            words = " ".join(str(one) for one in values if one and one != NO_DATE)
            if words:
                parts.append(f"{name} {words}"[:DESCRIBED_MAX])
        return ", ".join(parts)[:DESCRIBED_MAX]

    def error(self, name: str, message: str) -> None:
        self._checker.error(f"{self._prefix}{name}", message)
