"""The components of an iCalendar file as lists of properties (RFC 5545 section 3.1).

They are read line by line, without the icalendar package: it needs the whole calendar
in memory, and changes text that contains `%2C` or `\\N`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from todos.imports.files import (
    FileRefused,
    Options,
    TooManyRows,
    decode,
    skip_byte_order_mark,
)

LINE_MAX = 1024 * 1024  # bytes, folded or not
DEPTH_MAX = 4  # nested components
# If the number of rows is limited: lines per to-do on average, and lines of time zones.
LINES_EACH, LINES_BESIDE = 25, 50_000
CHUNK = 256 * 1024  # bytes read at once
TODO = "VTODO"
EDGE = re.compile("BEGIN:|END:", re.IGNORECASE)

_VALUE = r'(?:"[^"]*"|[^",;:]*)'
_PARAMETER = rf";[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*"
LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER}){{0,50}}):(.*)", re.DOTALL)
PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE})")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
COMMA = re.compile(r"(?<!\\)((?:\\\\)*),")


class Property(NamedTuple):
    """One content line: `NAME;PARAMETER=…:value`. Names are in upper case."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value of a property of type TEXT."""
        return unescape(self.value)

    @property
    def texts(self) -> list[str]:
        """The values of a property with a list of values of type TEXT."""
        pieces = COMMA.sub("\\1\n", self.value).split("\n")
        return [unescape(piece) for piece in pieces]


@dataclass(slots=True)
class Component:
    """A component with its properties by name, and its inner components."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next(iter(self.every(name)), None)

    def every(self, name: str) -> list[Property]:
        return self.properties.get(name, [])


def unescape(value: str) -> str:
    """Return a value of type TEXT without its escaping."""
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def components_of(file: IO[bytes], options: Options) -> Iterator[Component]:
    """Yield the components in the calendars of a file: to-dos, events, time zones.

    Only to-dos include their properties and inner components.

    Raises:
        FileRefused: the file is not a calendar, is truncated, or has too many
            components or lines.
    """
    stack: list[Component] = []  # begun but not ended
    count = size = 0
    for number, line in enumerate(_unfolded(file), 1):
        if options.rows_max and number > LINES_BESIDE + LINES_EACH * count:
            raise TooManyRows(f"The file has more than {LINES_EACH} lines per to-do.")
        size += len(line)
        if size > LINE_MAX:
            raise FileRefused(f"A component is longer than {LINE_MAX} bytes.")
        if len(stack) > 1 and stack[1].name != TODO and not EDGE.match(line):
            continue
        prop = _property(line, f"After {count} components")
        if prop.name == "BEGIN":
            _check_begin(stack, prop)
            stack.append(Component(prop.value.strip().upper()))
        elif not stack:
            raise FileRefused("The file is not an iCalendar file.")
        elif prop.name == "END":
            if prop.value.strip().upper() != stack[-1].name:
                raise FileRefused("The components of the file are not balanced.")
            component = stack.pop()
            if len(stack) == 1:
                count, size = count + 1, 0
                options.require_room(count)
                yield component
            elif stack:
                stack[-1].components.append(component)
        elif len(stack) > 1:  # properties of the calendar itself are skipped
            stack[-1].properties.setdefault(prop.name, []).append(prop)
    if stack or not size:
        raise FileRefused("The file is truncated or not an iCalendar file.")


def _check_begin(stack: list[Component], prop: Property) -> None:
    is_calendar = prop.value.strip().upper() == "VCALENDAR"
    if is_calendar == bool(stack):
        raise FileRefused("The file is not an iCalendar file.")
    if len(stack) >= DEPTH_MAX:
        raise FileRefused("The components of the file are nested too deeply.")


def _unfolded(file: IO[bytes]) -> Iterator[str]:
    """Yield the content lines, unfolded (section 3.1).

    They are unfolded as bytes, as some programs fold within a character, and in large
    chunks instead of line by line, as a file may be folded after every character.
    """
    file = skip_byte_order_mark(file)
    rest = b""  # the last line, which may continue in the next chunk
    while chunk := file.read(CHUNK):
        chunk += file.readline(LINE_MAX + 1)
        text = rest + chunk.replace(b"\r\n", b"\n")
        text = text.replace(b"\n ", b"").replace(b"\n\t", b"")
        end = text.rfind(b"\n", 0, -1) + 1
        rest = text[end:]
        if len(rest) > LINE_MAX:
            raise FileRefused(f"A line is longer than {LINE_MAX} bytes.")
        for line in text[:end].split(b"\n"):
            if line:
                yield decode(line)
    if rest:
        yield decode(rest.rstrip(b"\r\n"))


def _property(line: str, where: str) -> Property:
    match = LINE.fullmatch(line)
    if match is None:
        raise FileRefused(f"{where}, a line is not valid iCalendar.")
    name, parameter_text, value = match.groups()
    parameters = {
        key.upper(): text.strip('"') for key, text in PARAMETER.findall(parameter_text)
    }
    return Property(name.upper(), parameters, value)
