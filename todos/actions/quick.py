"""Quick add: tasks from lines of text, all of them or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from config.text import clean_text
from todos.actions.due import validate_dates
from todos.actions.labels import known_labels, labels_named
from todos.agenda import clock_of
from todos.caller import Caller
from todos.ledger import Batch, open_batch
from todos.limits import LABEL_MAX_LENGTH, LABELS_MAX, TITLE_MAX_LENGTH
from todos.models import (
    Task,
    TaskLabel,
    TaskList,
    label_key,
    names_by_key,
    position_now,
)
from todos.schedule.quick_add import (
    Context,
    NoSuchPart,
    Parsed,
    lines_of,
    parse_line,
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
class Draft:
    """A parsed line, and its task."""

    parsed: Parsed
    task: Task


def preview_quick_add(
    caller: Caller, *, text: str, literal: Literal | None = None
) -> list[Draft]:
    """Return the tasks that the lines of a text describe, without storing them.

    Blank lines are skipped: line 0 in `literal` is the line of the first task.

    Raises:
        ValidationError: for `text` or `literal`.
    """
    drafts = _read(caller, text=text, literal=literal)
    wanted = _label_names(drafts)
    known = known_labels(wanted, owner=caller.owner, field="text")
    # Existing labels keep their spelling, as `quick_add` stores them.
    names = wanted | {key: label.name for key, label in known.items()}
    for draft in drafts:
        draft.task.label_names = [names[key] for key in _keys(draft)]
    return drafts


def _read(caller: Caller, *, text: str, literal: Literal | None) -> list[Draft]:
    lines = lines_of(text)
    if len(lines) > LINES_MAX:
        raise ValidationError({"text": f"Write at most {LINES_MAX} lines."})
    literal = literal or {}
    if literal.keys() - set(range(len(lines))):
        raise ValidationError(
            {"literal": "There is no such line; lines are counted from 0."}
        )
    reader = _Reader(caller)
    return [
        reader.draft(number, line, literal.get(number, ()))
        for number, line in enumerate(lines)
    ]


def quick_add(
    caller: Caller,
    *,
    text: str,
    literal: Literal | None = None,
) -> list[Draft]:
    """Store the tasks that the lines of a text describe; unknown labels are created.

    Raises:
        ValidationError: as `preview_quick_add`; then nothing is stored.
    """
    with open_batch(caller, adds=len(lines_of(text))) as batch:
        drafts = _read(caller, text=text, literal=literal)
        Task.objects.bulk_create([draft.task for draft in drafts])
        _set_labels(drafts, batch)
        for draft in drafts:
            batch.created(draft.task)
    return drafts


def _label_names(drafts: list[Draft]) -> dict[str, str]:
    """Return the names of all labels in the lines, by their keys."""
    return names_by_key(name for draft in drafts for name in draft.parsed.fields.labels)


def _keys(draft: Draft) -> list[str]:
    """Return the keys of a draft's labels, in the order in which tasks show them."""
    return sorted(map(label_key, draft.parsed.fields.labels))


def _set_labels(drafts: list[Draft], batch: Batch) -> None:
    labels_of = labels_named(_label_names(drafts), batch, field="text")
    found = {label.key: label for label in labels_of}
    task_labels: list[TaskLabel] = []
    for draft in drafts:
        labels = [found[key] for key in _keys(draft)]
        draft.task.label_names = [label.name for label in labels]
        task_labels += [
            TaskLabel(owner_id=batch.owner.pk, task=draft.task, label=label)
            for label in labels
        ]
    TaskLabel.objects.bulk_create(task_labels)


class _Reader:
    """Turns lines into tasks of one caller."""

    def __init__(self, caller: Caller) -> None:
        self._caller, owner = caller, caller.owner
        lists = TaskList.objects.owned_by(owner).live().filter(archived_at=None)
        rows = list(lists.in_order().values_list("name", "pk", "is_inbox"))
        self._inbox = next(pk for _, pk, is_inbox in rows if is_inbox)
        # If two lists have the same name, the first one counts.
        self._lists: dict[str, UUID] = {name: pk for name, pk, _ in reversed(rows)}
        self._context = Context(
            clock=clock_of(owner, now=caller.at),
            week_start=WEEK_STARTS[User.WeekStart(owner.week_start)],
            lists=[name for name, _, _ in rows],
        )
        self._position = position_now()

    def draft(self, number: int, line: str, literal: Collection[int]) -> Draft:
        try:
            parsed = _cleaned(parse_line(line, context=self._context, literal=literal))
            return Draft(parsed, self._task(parsed, index=number))
        except NoSuchPart as exc:
            message = "Must be the line and the start of a part, as in its spans."
            raise ValidationError({"literal": message}) from exc
        except ValidationError as exc:
            message = f"Line {number + 1}: {exc.messages[0]}"
            raise ValidationError({"text": message}) from exc

    def _task(self, parsed: Parsed, *, index: int) -> Task:
        fields = parsed.fields
        columns: dict[str, object] = {
            name: value
            for name, value in asdict(fields).items()
            if name not in {"list", "labels"} and value is not None
        }
        task = Task.new(
            owner_id=self._caller.owner.pk,
            at=self._caller.at,
            list_id=self._lists[fields.list] if fields.list else self._inbox,
            title=parsed.title,
            # In the order of the lines.
            position=self._position + index,
            **columns,
        )
        validate_dates(task, self._caller)
        return task


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
    labels = tuple(names_by_key(names).values())
    return replace(parsed, title=title, fields=replace(parsed.fields, labels=labels))
