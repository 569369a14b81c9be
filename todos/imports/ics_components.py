"""The to-dos of an iCalendar file as lists of properties (RFC 5545 section 3.1).

Read here, line by line, and not by the icalendar package: that takes a calendar whole,
and changes text that holds `%2C` or `\\N`.
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
    decoded,
    skip_byte_order_mark,
)

LINE_MAX = 1024 * 1024  # bytes, folded or not
DEPTH_MAX = 4  # components in each other
# Where the number of rows is bounded: lines of a to-do in the middle, and those of time
# zones.
LINES_EACH, LINES_BESIDE = 25, 50_000
READ_AT_ONCE = 256 * 1024  # bytes
TODO = "VTODO"
EDGE = re.compile("BEGIN:|END:", re.IGNORECASE)

_VALUE = r'(?:"[^"]*"|[^",;:]*)'
_PARAMETER = rf";[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*"
LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER}){{0,50}}):(.*)", re.DOTALL)
PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE})")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
COMMA = re.compile(r"(?<!\\)((?:\\\\)*),")


class Property(NamedTuple):
    """One line: `NAME;PARAMETER=…:value`. Names are in capitals."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value of a property of type TEXT."""
        return unescaped(self.value)

    @property
    def texts(self) -> list[str]:
        """The values of a property that has several of type TEXT."""
        pieces = COMMA.sub("\\1\n", self.value).split("\n")
        return [unescaped(piece) for piece in pieces]


@dataclass(slots=True)
class Component:
    """A component with its properties by name, and those within it."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next(iter(self.every(name)), None)

    def every(self, name: str) -> list[Property]:
        return self.properties.get(name, [])


def unescaped(value: str) -> str:
    """Return a value of type TEXT as what it says."""
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def components_of(file: IO[bytes], options: Options) -> Iterator[Component]:
    """Yield what stands in the calendars of a file: to-dos, events, time zones.

    Only to-dos have their properties and the components within them.

    Raises:
        FileRefused: it is no calendar, or cut off, or has more to-dos, events and
            lines than are read.
    """
    open_ones: list[Component] = []
    count = size = 0
    for number, line in enumerate(_unfolded(file), 1):
        if options.rows_max and number > LINES_BESIDE + LINES_EACH * count:
            raise TooManyRows(f"The file has more than {LINES_EACH} lines a to-do.")
        size += len(line)
        if size > LINE_MAX:
            raise FileRefused(f"A component is longer than {LINE_MAX} bytes.")
        if len(open_ones) > 1 and open_ones[1].name != TODO and not EDGE.match(line):
            continue
        read = _property(line, f"After {count} components")
        if read.name == "BEGIN":
            _check_begin(open_ones, read)
            open_ones.append(Component(read.value.strip().upper()))
        elif not open_ones:
            raise FileRefused("The file is not an iCalendar file.")
        elif read.name == "END":
            if read.value.strip().upper() != open_ones[-1].name:
                raise FileRefused("The components of the file are not in order.")
            done = open_ones.pop()
            if len(open_ones) == 1:
                count, size = count + 1, 0
                options.require_room(count)
                yield done
            elif open_ones:
                open_ones[-1].components.append(done)
        elif len(open_ones) > 1:  # not those of the calendar itself
            open_ones[-1].properties.setdefault(read.name, []).append(read)
    if open_ones or not size:
        raise FileRefused("The file is cut off, or not an iCalendar file.")


def _check_begin(open_ones: list[Component], read: Property) -> None:
    is_calendar = read.value.strip().upper() == "VCALENDAR"
    if is_calendar == bool(open_ones):
        raise FileRefused("The file is not an iCalendar file.")
    if len(open_ones) >= DEPTH_MAX:
        raise FileRefused("The components of the file are nested too deeply.")


def _unfolded(file: IO[bytes]) -> Iterator[str]:
    """Yield the lines, joined where one goes on in the next (section 3.1).

    Joined as bytes: some programs fold within a letter. In large pieces, and not line
    by line: a file may be folded after every character.
    """
    file = skip_byte_order_mark(file)
    rest = b""  # the last line, which may go on in the next piece
    while piece := file.read(READ_AT_ONCE):
        piece += file.readline(LINE_MAX + 1)
        text = rest + piece.replace(b"\r\n", b"\n")
        text = text.replace(b"\n ", b"").replace(b"\n\t", b"")
        end = text.rfind(b"\n", 0, -1) + 1
        rest = text[end:]
        if len(rest) > LINE_MAX:
            raise FileRefused(f"A line is longer than {LINE_MAX} bytes.")
        for line in text[:end].split(b"\n"):
            if line:
                yield decoded(line)
    if rest:
        yield decoded(rest.rstrip(b"\r\n"))


def _property(line: str, where: str) -> Property:
    match = LINE.fullmatch(line)
    if match is None:
        raise FileRefused(f"{where} a line is not of iCalendar.")
    name, given, value = match.groups()
    parameters = {
        one.upper(): of_it.strip('"') for one, of_it in PARAMETER.findall(given)
    }
    return Property(name.upper(), parameters, value)
