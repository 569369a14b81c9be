"""What quick add understood of a line, in words: for the toast and for the chips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

from todos.actions.quick_lines import Draft
from todos.models import Task
from todos.pages.rows import NEAR_DAYS, TaskRow, day_words, reminder_words
from todos.schedule.quick_add import Span
from todos.schedule.wording import rule_words

DATED = ("due", "repeat", "time")  # the first of them shows the date


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of a line in words. `text` is the part as written.

    `new_list` is the name of the list that the part would create if the user agrees.
    """

    kind: str
    words: str
    text: str
    new_list: str = ""


class LineWords:
    """The words for one line and its task."""

    def __init__(self, draft: Draft, row: TaskRow) -> None:
        self._draft, self._row = draft, row

    # --- The toast ---

    def summary(self) -> str:
        """Return what the line sets: `tomorrow 09:00, every month, Home, urgent`."""
        return ", ".join(filter(None, self._settings()))

    def _settings(self) -> Iterator[str]:
        fields, task, row = self._draft.parsed.fields, self._draft.task, self._row
        if fields.due_date:
            yield f"{_day(row.day)} {row.time}".strip()
        yield _lowered(row.repeat)
        if fields.start_date:
            yield f"from {self._day_of(fields.start_date)}"
        if words := self._reminder(fields.reminder_minutes, fields.reminder_time):
            yield f"reminder {_lowered(words)}"
        yield fields.list or ""
        if fields.priority:
            yield task.get_priority_display().lower()
        if fields.labels:
            yield from (f"@{name}" for name in task.label_names)

    # --- The chips ---

    def chips(self) -> list[Chip]:
        """Return a chip for each part that the user can reject, or a list to create.

        A line has one list, so with one of them it offers no other.
        """
        hidden = (
            {"escape", "new_list"} if self._draft.parsed.fields.list else {"escape"}
        )
        return [
            Chip(
                span.kind,
                self._words(span),
                span.text,
                str(span.value) if span.kind == "new_list" else "",
            )
            for span in self._draft.parsed.spans
            if span.kind not in hidden
        ]

    def _words(self, span: Span) -> str:
        match span.kind, span.value:
            case "new_list", name:
                return f"New list {name}"
            case "label", name:
                return f"@{name}"
            case "priority", int(number):
                return Task.Priority(number).label
            case "due", str(value):
                return self._due(value)
            case "time", _:
                day = self._row.day if self._names_day("time") else ""
                return ", ".join(filter(None, (day, self._row.time)))
            case "start", str(value):
                return f"From {self._day_of(date.fromisoformat(value))}"
            case "repeat", str(rule):
                is_after = self._draft.task.rrule_anchor == Task.Anchor.COMPLETION
                words = rule_words(rule, from_completion=is_after)
                day = self._row.day if self._names_day("repeat") else ""
                first = f"{_day(day)} {self._time}".strip()
                return f"{words}, from {first}" if first else words
            case "until", str(value):
                return f"Until {self._day_of(date.fromisoformat(value))}"
            case "count", int(number):
                return "Once" if number == 1 else f"{number} times"
            case "reminder", int(minutes):
                return self._reminder(minutes, None)
            case "reminder", str(at):
                return self._reminder(None, time.fromisoformat(at))
        return str(span.value or span.text)

    def _due(self, value: str) -> str:
        day = day_words(date.fromisoformat(value[:10]), today=self._row.clock.today)
        return ", ".join(filter(None, (day, self._time)))

    @property
    def _kinds(self) -> set[str]:
        return {span.kind for span in self._draft.parsed.spans}

    @property
    def _time(self) -> str:
        """The due time if no part of its own names it, as in "tomorrow evening"."""
        return "" if "time" in self._kinds else self._row.time

    def _names_day(self, kind: str) -> bool:
        """Whether parts of this kind show the due date, which no phrase names."""
        return kind == next(one for one in DATED if one in self._kinds)

    def _reminder(self, minutes: int | None, at: time | None) -> str:
        return reminder_words(minutes, at, self._row.time_format)

    def _day_of(self, day: date) -> str:
        return _day(day_words(day, today=self._row.clock.today))


def segments_of(line: str, spans: Iterable[Span]) -> list[tuple[str, str]]:
    """Return the line in pieces, each with the kind of part that it is, or nothing."""
    pieces, end = [], 0
    for span in spans:
        pieces += [(line[end : span.start], ""), (span.text, span.kind)]
        end = span.end
    return [piece for piece in [*pieces, (line[end:], "")] if piece[0]]


def _day(words: str) -> str:
    """Return a day within a sentence: `today`, but `Fri 27 Nov`."""
    return words.lower() if words in NEAR_DAYS.values() else words


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]
