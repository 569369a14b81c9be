"""A line of text as a task: title, fields, and their positions in the line."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from todos.schedule.quick_add.fields import Fields, fields_of
from todos.schedule.quick_add.parts import Context, Kind, Part, Value
from todos.schedule.quick_add.reading import parts_of


class NoSuchPart(ValueError):
    """No part of the line begins at this offset."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line as interfaces show it; offsets count characters."""

    kind: Kind
    start: int
    end: int
    text: str
    value: Value


@dataclass(frozen=True, slots=True)
class Parsed:
    """The task that a line describes."""

    title: str
    fields: Fields
    spans: tuple[Span, ...]


def lines_of(text: str) -> list[str]:
    """Return the lines of a text that are not blank."""
    return [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


def parse_line(line: str, *, context: Context, literal: Collection[int] = ()) -> Parsed:
    """Return the task that a line describes.

    `literal` are the offsets of parts that stay in the title; the other parts apply
    unchanged. If nothing would be left for the title, the whole line is the title.

    Raises:
        NoSuchPart: no part begins at an offset in `literal`.
    """
    parts = parts_of(line, context)
    if set(literal) - {part.start for part in parts}:
        raise NoSuchPart
    parts, fields = fields_of((p for p in parts if p.start not in literal), context)
    if title := _title(line, parts):
        return Parsed(title, fields, tuple(_span(line, part) for part in parts))
    return plain_line(line)


def plain_line(line: str) -> Parsed:
    """Return the task that has the whole line as its title."""
    return Parsed(_spaced(line), Fields(), ())


def _title(line: str, parts: Iterable[Part]) -> str:
    """Return what is left of the line, with one space between words."""
    pieces, end = [], 0
    for part in parts:
        if part.kind != "new_list":
            pieces.append(line[end : part.start])
            end = part.end
    return _spaced("".join([*pieces, line[end:]]))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _span(line: str, part: Part) -> Span:
    text = line[part.start : part.end]
    return Span(part.kind, part.start, part.end, text, part.value)
