"""Lines of quick add as tasks that are not stored yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TypedDict
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from config.text import clean_text
from todos.actions.due import validate_dates
from todos.agenda import clock_of
from todos.caller import Caller
from todos.limits import (
    LABEL_MAX_LENGTH,
    LABELS_MAX,
    LIST_NAME_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models import Label, Task, TaskList, names_by_key, position_now
from todos.schedule.quick_add import (
    Context,
    NoSuchPart,
    Parsed,
    lines_of,
    parse_line,
    plain_line,
)

LINES_MAX = 100
WEEK_STARTS = {
    User.WeekStart.MONDAY: 0,
    User.WeekStart.SATURDAY: 5,
    User.WeekStart.SUNDAY: 6,
}
# The starts of parts that stay in the title, by the index of their line.
Literal = Mapping[int, Collection[int]]


@dataclass(frozen=True, slots=True)
class Defaults:
    """The fields of a task where its line sets none of that kind."""

    list_id: UUID | None = None
    label_id: UUID | None = None
    due_date: date | None = None


class Options(TypedDict, total=False):
    """What is decided about the lines besides their text.

    `literal` and `kept` are parts that stay in the title, by their starts or by their
    texts; a text that is not a part is ignored. With `as_text`, all parts stay there.
    `new_lists` are names of lists that are created if a line names them.
    """

    literal: Literal
    kept: Collection[str]
    as_text: bool
    new_lists: Collection[str]
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Draft:
    """A parsed line, and its task.

    `labels` are those of the line, or the default. `new_list` is the list of the task
    if it must be created first.
    """

    parsed: Parsed
    task: Task
    labels: tuple[str, ...]
    new_list: TaskList | None = None


def read_lines(caller: Caller, text: str, options: Options) -> list[Draft]:
    """Return the tasks that the lines of a text describe.

    Blank lines are skipped: line 0 in `literal` is the line of the first task.

    Raises:
        ValidationError: for `text`, `literal`, `new_lists`, `defaults.list` or
            `defaults.label`.
    """
    lines = lines_of(text)
    if len(lines) > LINES_MAX:
        raise ValidationError({"text": f"Write at most {LINES_MAX} lines."})
    literal = options.get("literal") or {}
    if literal.keys() - set(range(len(lines))):
        raise ValidationError(
            {"literal": "There is no such line; lines are counted from 0."}
        )
    reader = _Reader(caller, options)
    drafts = []
    for number, line in enumerate(lines):
        try:
            drafts.append(reader.draft(number, line, literal.get(number, ())))
        except NoSuchPart as exc:
            message = "Must be the line and the start of a part, as in its spans."
            raise ValidationError({"literal": message}) from exc
        except ValidationError as exc:
            place = f"Line {number + 1}: " if len(lines) > 1 else ""
            raise ValidationError({"text": f"{place}{exc.messages[0]}"}) from exc
    return drafts


class _Reader:
    """Turns lines into tasks of one caller."""

    def __init__(self, caller: Caller, options: Options) -> None:
        self._caller, owner = caller, caller.owner
        self._kept = frozenset(options.get("kept", ()))
        self._as_text = options.get("as_text", False)
        rows = list(
            TaskList.objects.owned_by(owner)
            .active()
            .in_order()
            .values_list("name", "pk", "is_inbox")
        )
        # If two lists have the same name, the first one counts.
        self._lists: dict[str, UUID] = {name: pk for name, pk, _ in reversed(rows)}
        self._new_lists: dict[str, TaskList] = {}
        self._context = Context(
            clock=clock_of(owner, now=caller.at),
            week_start=WEEK_STARTS[User.WeekStart(owner.week_start)],
            lists=[*(name for name, _, _ in rows), *_names(options)],
        )
        self._defaults = options.get("defaults", Defaults())
        # The inbox is first, unless the credential is limited to other lists.
        chosen = self._defaults.list_id or (rows[0][1] if rows else None)
        if chosen is None or chosen not in self._lists.values():
            raise _no_such_list(owner, chosen)
        self._list = chosen
        self._labels = _label_names(owner, self._defaults.label_id)
        self._position = position_now()

    def draft(self, number: int, line: str, literal: Collection[int]) -> Draft:
        parsed = self._parse(line, literal)
        fields, new_list, list_id = parsed.fields, None, self._list
        if fields.list is not None and fields.list in self._lists:
            list_id = self._lists[fields.list]
        elif fields.list is not None:
            new_list = self._new_list(fields.list)
            list_id = new_list.pk
        task = self._task(parsed, list_id=list_id, index=number)
        return Draft(parsed, task, fields.labels or self._labels, new_list)

    def _parse(self, line: str, literal: Collection[int]) -> Parsed:
        if self._as_text:
            return _cleaned(plain_line(line))
        parsed = parse_line(line, context=self._context, literal=literal)
        kept = {span.start for span in parsed.spans if span.text in self._kept}
        if kept:
            kept.update(literal)
            parsed = parse_line(line, context=self._context, literal=kept)
        return _cleaned(parsed)

    def _new_list(self, name: str) -> TaskList:
        if name not in self._new_lists:
            at = self._caller.at
            self._new_lists[name] = TaskList(
                owner_id=self._caller.owner.pk,
                name=name,
                created_at=at,
                updated_at=at,
            )
        return self._new_lists[name]

    def _task(self, parsed: Parsed, *, list_id: UUID, index: int) -> Task:
        columns: dict[str, object] = {
            name: value
            for name, value in asdict(parsed.fields).items()
            if name not in {"list", "labels"} and value is not None
        }
        # A line that says when to start is about dates, too.
        if not columns.keys() & {"due_date", "start_date"}:
            columns["due_date"] = self._defaults.due_date
        task = Task.new(
            owner_id=self._caller.owner.pk,
            at=self._caller.at,
            list_id=list_id,
            title=parsed.title,
            # In the order of the lines.
            position=self._position + index,
            **columns,
        )
        validate_dates(task, self._caller)
        return task


def _names(options: Options) -> list[str]:
    """Return the names of the lists that can be created, each once."""
    names = options.get("new_lists", ())
    if len(names) > LINES_MAX:
        raise ValidationError({"new_lists": f"Name at most {LINES_MAX} lists."})
    try:
        cleaned = [clean_text(name, most=LIST_NAME_MAX_LENGTH) for name in names]
        return list(filter(None, cleaned))
    except ValidationError as exc:
        raise ValidationError({"new_lists": exc.messages}) from exc


def _no_such_list(owner: User, list_id: UUID | None) -> ValidationError:
    archived = TaskList.objects.owned_by(owner).archived()
    is_archived = list_id is not None and archived.filter(pk=list_id).exists()
    text = "This list is archived." if is_archived else "There is no such list."
    return ValidationError({"defaults.list": text})


def _label_names(owner: User, label_id: UUID | None) -> tuple[str, ...]:
    """Return the name of the default label, if there is one."""
    if label_id is None:
        return ()
    names = Label.objects.owned_by(owner).filter(pk=label_id)
    found = tuple(names.values_list("name", flat=True))
    if not found:
        raise ValidationError({"defaults.label": "There is no such label."})
    return found


def _cleaned(parsed: Parsed) -> Parsed:
    """Return the parsed line with its texts cleaned as they are stored.

    Raises:
        ValidationError: a text is too long or not printable, or labels are too many.
    """
    try:
        title = clean_text(parsed.title, most=TITLE_MAX_LENGTH)
    except ValidationError as exc:
        if exc.code != "max_length":
            raise
        message = f"Use at most {TITLE_MAX_LENGTH} characters in the title."
        raise ValidationError(message) from exc
    if len(parsed.fields.labels) > LABELS_MAX:
        raise ValidationError(f"Use at most {LABELS_MAX} labels.")
    names = [clean_text(name, most=LABEL_MAX_LENGTH) for name in parsed.fields.labels]
    labels = tuple(names_by_key(filter(None, names)).values())
    return replace(parsed, title=title, fields=replace(parsed.fields, labels=labels))
