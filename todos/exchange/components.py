"""The to-dos of an iCalendar file as lists of properties (RFC 5545 section 3.1).

Read here, line by line, and not by the icalendar package: that takes a calendar whole,
and changes text that holds `%2C` or `\\N`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from todos.exchange.files import FileRefused, bytes_of_lines, decoded

LINE_MAX = 1024 * 1024  # bytes, folded or not
DEPTH_MAX = 4  # components in each other

_VALUE = r'(?:"[^"]*"|[^",;:]*)'
_PARAMETER = rf";[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*"
LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER})*):(.*)", re.DOTALL)
PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE})")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
COMMA = re.compile(r"(?<!\\)((?:\\\\)*),")


@dataclass(frozen=True, slots=True)
class Property:
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
    """A component with its properties, and those within it."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    def every(self, name: str) -> list[Property]:
        return [one for one in self.properties if one.name == name]


def unescaped(value: str) -> str:
    """Return a value of type TEXT as what it says."""
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def components_of(file: IO[bytes]) -> Iterator[Component]:
    """Yield what stands in the calendars of a file: to-dos, events, time zones.

    Raises:
        FileRefused: it is no calendar, or cut off.
    """
    open_ones: list[Component] = []
    count = size = 0
    for line in _unfolded(file):
        read = _property(line, f"After {count} components")
        size += len(line)
        if size > LINE_MAX:
            raise FileRefused(f"A component is longer than {LINE_MAX} bytes.")
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
                yield done
            elif open_ones:
                open_ones[-1].components.append(done)
        elif len(open_ones) > 1:  # not those of the calendar itself
            open_ones[-1].properties.append(read)
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

    Joined as bytes: some programs fold within a letter.
    """
    whole = bytearray()  # or each of a million joints would copy what is before it
    for ended in bytes_of_lines(file, longest=LINE_MAX):
        line = ended.rstrip(b"\r\n")
        if line[:1] in (b" ", b"\t"):
            whole += line[1:]
            if len(whole) > LINE_MAX:
                raise FileRefused(f"A line is longer than {LINE_MAX} bytes.")
            continue
        if whole:
            yield decoded(whole)
        whole = bytearray(line)
    if whole:
        yield decoded(whole)


def _property(line: str, where: str) -> Property:
    match = LINE.fullmatch(line)
    if match is None:
        raise FileRefused(f"{where} a line is not of iCalendar.")
    parameters = {
        name.upper(): value.strip('"') for name, value in PARAMETER.findall(match[2])
    }
    return Property(match[1].upper(), parameters, match[3])
