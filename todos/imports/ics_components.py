"""The components of an iCalendar file as lists of properties (RFC 5545 section 3.1).

They are read line by line, without the icalendar package: it needs the whole calendar
in memory, and changes text that contains `%2C` or `\\N`. A line that can't be read, an
END that is missing or a component that is too long costs only itself: the component
says which lines were lost, and why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from todos.imports.files import FileRefused, Options, TooManyRows
from todos.imports.ics_lines import content_lines

SIZE_MAX = 1024 * 1024  # characters of a component
DEPTH_MAX = 4  # nested components
# If the number of rows is limited: lines per to-do on average, and lines of time zones.
LINES_EACH, LINES_BESIDE = 25, 50_000
STRAY_MAX = 100  # lines before the first component: more are not a calendar
NUMBERS_MAX = 10  # line numbers in a notice
BINARY_MAX = 1_000  # characters of a line with a file; of a longer one it is dropped
CALENDAR, TODO, ZONE, ALARM = "VCALENDAR", "VTODO", "VTIMEZONE", "VALARM"
# They can't be part of each other: one that begins within another has no END.
ENTRIES = {TODO, ZONE, "VEVENT", "VJOURNAL", "VFREEBUSY"}
EDGE = re.compile("BEGIN:|END:", re.IGNORECASE)

_VALUE = r'(?:"[^"]*"|[^",;:]*)'
_PARAMETER = rf";[A-Za-z0-9-]+={_VALUE}(?:,{_VALUE})*"
LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER}){{0,50}}):(.*)", re.DOTALL)
PARAMETER = re.compile(rf";([A-Za-z0-9-]+)=({_VALUE})")
# The properties of to-dos in RFC 5545, 7986, 9073 and 9253, and those of programs.
NAMES = re.compile(
    "ATTACH|ATTENDEE|CATEGORIES|CLASS|COLOR|COMMENT|COMPLETED|CONCEPT|CONFERENCE"
    "|CONTACT|CREATED|DESCRIPTION|DTSTAMP|DTSTART|DUE|DURATION|ESTIMATED-DURATION"
    "|EXDATE|EXRULE|GEO|IMAGE|LAST-MODIFIED|LINK|LOCATION|ORGANIZER|PERCENT-COMPLETE"
    "|PRIORITY|RDATE|RECURRENCE-ID|REFID|RELATED-TO|REQUEST-STATUS|RESOURCES|RRULE"
    "|SEQUENCE|SOURCE|STATUS|STRUCTURED-DATA|STYLED-DESCRIPTION|SUMMARY|UID|URL"
    "|X-.*"
)
# How a line begins that was meant to be a property, whatever is wrong with it.
SHAPE = re.compile(r"[A-Z0-9_.-]+[;:]|[\w.-]+;")
NAME = re.compile(r"[A-Za-z-]+(?=[;:])")
DATA = re.compile(r"data:[^\s,]{0,200};base64,", re.I)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
COMMA = re.compile(r"(?<!\\)((?:\\\\)*),")

# A line with parameters that can't be read: some texts, and what is not from programs.
BROKEN_PARAMETERS = re.compile(r"(SUMMARY|DESCRIPTION);[^:]*:(.*)", re.I | re.DOTALL)
NOT_KEPT = re.compile(r"X-|ATTACH|IMAGE|.*BASE64", re.I | re.DOTALL)
KEPT_MAX = 500  # characters of a line that can't be read, for the notes

# What happened to lines, and why.
UNREADABLE = "This is not valid iCalendar. It was left out."
UNREADABLE_KEPT = "This is not valid iCalendar. It was added to the notes."
ONLY_TEXT = "This is not valid iCalendar. Only its text was used."
TOO_LONG = "This is too long. It was left out."
UNCLOSED = "This is part of an alarm without an end. It was left out."
BROKEN_TEXT = "The line end before this is not escaped. It was added to the notes."


class Property(NamedTuple):
    """One content line: `NAME;PARAMETER=…:value`. Names are in upper case."""

    name: str
    parameters: dict[str, str]
    value: str
    line: int = 0  # its number in the file

    @property
    def text(self) -> str:
        """The value of a property of type TEXT."""
        return unescape(self.value)

    @property
    def texts(self) -> list[str]:
        """The values of a property with a list of values of type TEXT."""
        if "\\" not in self.value:
            return self.value.split(",")
        pieces = COMMA.sub("\\1\n", self.value).split("\n")
        return [unescape(piece) for piece in pieces]

    @property
    def is_binary(self) -> bool:
        """Whether the value is a file, such as a picture (section 3.1.3)."""
        if self.value[:5].lower() == "data:":
            return DATA.match(self.value) is not None
        if not self.parameters:
            return False
        kind = self.parameters.get("VALUE", "").upper()
        encoding = self.parameters.get("ENCODING", "").upper()
        return kind == "BINARY" or encoding in {"BASE64", "B"}


@dataclass(slots=True)
class Lines:
    """Lines of the file: how many, and the numbers of the first of them."""

    count: int = 0
    numbers: list[int] = field(default_factory=list)

    def add(self, number: int) -> None:
        self.count += 1
        if len(self.numbers) < NUMBERS_MAX:
            self.numbers.append(number)

    def extend(self, more: Lines) -> None:
        self.count += more.count
        self.numbers += more.numbers[: NUMBERS_MAX - len(self.numbers)]

    def __str__(self) -> str:
        first = ", ".join(map(str, self.numbers))
        more = self.count - len(self.numbers)
        return f"{first} and {more} more" if more else first


@dataclass(slots=True)
class Component:
    """A component with its properties by name, and its inner components.

    `troubles` are the lines that could not be read, by what happened to them.
    `broken_text` continues the description: lines that belong to it because a line end
    in it was not escaped. `kept` are other lines for the notes.
    """

    name: str
    line: int = 0  # where it begins
    properties: dict[str, list[Property]] = field(default_factory=dict)
    components: list[Component] = field(default_factory=list)
    troubles: dict[str, Lines] = field(default_factory=dict)
    broken_text: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    has_end: bool = True
    is_cut: bool = False  # the file ends within it

    def first(self, name: str) -> Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def every(self, name: str) -> list[Property]:
        return self.properties.get(name, [])

    def trouble(self, number: int, what: str) -> None:
        self.troubles.setdefault(what, Lines()).add(number)


def unescape(value: str) -> str:
    """Return a value of type TEXT without its escaping."""
    if "\\" not in value:
        return value
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def read_property(line: str, number: int) -> Property | None:
    """Parse a content line; return None if it is not valid."""
    name, colon, value = line.partition(":")
    if colon and name.isascii() and name.replace("-", "").isalnum():
        return Property(name.upper(), {}, value, number)  # most lines
    match = LINE.fullmatch(line)
    if match is None:
        return None
    name, text, value = match.groups()
    found = PARAMETER.findall(text)
    parameters = {key.upper(): one.strip('"') for key, one in found}
    return Property(name.upper(), parameters, value, number)


class ComponentReader:
    """Reads the components in the calendars of a file: to-dos, events, time zones.

    Only to-dos and time zones include their properties and inner components. After
    the last component, the other attributes describe the rest of the file.
    """

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self.stray = Lines()  # lines of no component that can't be read
        self.calendar: Counter[str] = Counter()  # names of properties of calendars
        self.is_cut = False  # the last calendar has no END
        self._file, self._options = file, options
        self._is_calendar = self._in_calendar = False
        self._count = self._size = 0
        self._entry: Component | None = None
        self._inner: list[Component] = []  # begun within the entry, but not ended
        self._text: Property | None = None  # the line before, if it is a description
        self._is_broken = False  # that description has a line end in it

    def components(self) -> Iterator[Component]:
        """Yield the components.

        Raises:
            FileRefused: the file is not a calendar, ends within its first component,
                or has too many components or lines.
        """
        is_limited = self._options.rows_max is not None
        lines = content_lines(self._file)
        for at, (number, line, is_long) in enumerate(lines, 1):
            if is_limited and at > LINES_BESIDE + LINES_EACH * self._count:
                message = f"The file has more than {LINES_EACH} lines per to-do."
                raise TooManyRows(message)
            if line[0] in "BEbe" and EDGE.match(line):
                self._text = None
                yield from self._at_edge(number, line)
            elif self._entry is None:
                self._beside(number, line)
            elif self._entry.name == TODO or self._entry.name == ZONE:
                self._within(self._entry, number, line, is_long=is_long)
        yield from self._at_end_of_file()

    def _at_end_of_file(self) -> Iterator[Component]:
        if not self._is_calendar:
            raise FileRefused("The file is empty or not an iCalendar file.")
        self.is_cut = self._in_calendar
        is_within = self.is_cut or self._entry is not None
        if is_within and not self._count:
            raise FileRefused("The file ends before its first component is complete.")
        if self._entry is not None:
            self._entry.is_cut = True
            yield from self._without_end()

    # --- Beginnings and ends

    def _at_edge(self, number: int, line: str) -> Iterator[Component]:
        edge, _, name = line.partition(":")
        name = name.strip().upper()
        if edge.upper() == "END":
            yield from self._end(number, name)
        elif name == CALENDAR:
            yield from self._without_end()
            self._is_calendar = self._in_calendar = True
        elif self._entry is None or name in ENTRIES:
            yield from self._without_end()
            self._is_calendar |= name in ENTRIES
            self._entry, self._size = Component(name, number), 0
        else:
            self._begin_inner(self._entry, number, name)

    def _begin_inner(self, entry: Component, number: int, name: str) -> None:
        if name == ALARM:  # not part of another alarm
            self._drop_inner(entry)
        if len(self._inner) < DEPTH_MAX:
            self._inner.append(Component(name, number))
        else:
            entry.trouble(number, UNREADABLE)

    def _end(self, number: int, name: str) -> Iterator[Component]:
        entry = self._entry
        if name == CALENDAR:
            yield from self._without_end()
            self._in_calendar = False
        elif entry is None:
            self.stray.add(number)
        elif name == entry.name:
            self._drop_inner(entry)
            yield from self._completed(entry)
        elif name in (begun := [one.name for one in self._inner]):
            self._drop_inner(entry, after=begun.index(name))
            entry.components.append(self._inner.pop())
        else:
            entry.trouble(number, UNREADABLE)

    def _drop_inner(self, entry: Component, *, after: int = -1) -> None:
        """Drop inner components without an END: what belongs to them is unsure."""
        while len(self._inner) > after + 1:
            inner = self._inner.pop()
            numbers = [one.line for many in inner.properties.values() for one in many]
            for number in sorted([inner.line, *numbers]):
                entry.trouble(number, UNCLOSED)

    def _without_end(self) -> Iterator[Component]:
        if self._entry is not None:
            self._drop_inner(self._entry)
            self._entry.has_end = False
            yield from self._completed(self._entry)

    def _completed(self, entry: Component) -> Iterator[Component]:
        self._entry = self._text = None
        self._count += 1
        self._options.require_room(self._count)
        yield entry

    # --- Properties

    def _beside(self, number: int, line: str) -> None:
        """Count the properties of a calendar, and lines that belong to nothing."""
        prop = read_property(line, number)
        if self._in_calendar and prop is not None:
            self.calendar[prop.name] += 1
            return
        self.stray.add(number)
        if self.stray.count > STRAY_MAX and not self._is_calendar:
            raise FileRefused("The file is not an iCalendar file.")

    def _within(
        self, entry: Component, number: int, line: str, *, is_long: bool
    ) -> None:
        prop = None if is_long else read_property(line, number)
        if prop is not None and len(line) > BINARY_MAX and prop.is_binary:
            prop = prop._replace(value=prop.value[:BINARY_MAX])
        else:
            self._size += len(line)
        if is_long or self._size > SIZE_MAX:
            entry.trouble(number, TOO_LONG)
        elif self._text is not None and self._continues_text(line, prop):
            entry.broken_text.append(line)
            entry.trouble(number, BROKEN_TEXT)
        elif prop is None:
            self._keep_unreadable(entry, number, line)
        elif prop.value and not prop.value.isspace():
            self._add(self._inner[-1] if self._inner else entry, prop)

    def _keep_unreadable(self, entry: Component, number: int, line: str) -> None:
        """Keep what the user may have written of a line that is not valid."""
        name = NAME.match(line)
        if self._inner or name is None or not NAMES.fullmatch(name[0].upper()):
            entry.trouble(number, UNREADABLE)
        elif text := BROKEN_PARAMETERS.fullmatch(line):
            self._add(entry, Property(text[1].upper(), {}, text[2], number))
            entry.trouble(number, ONLY_TEXT)
        elif len(line) > KEPT_MAX or NOT_KEPT.match(line):
            entry.trouble(number, UNREADABLE)
        else:
            entry.kept.append(line)
            entry.trouble(number, UNREADABLE_KEPT)

    def _add(self, owner: Component, prop: Property) -> None:
        if found := owner.properties.get(prop.name):
            found.append(prop)
        else:
            owner.properties[prop.name] = [prop]
        self._text = None
        if prop.name == "DESCRIPTION" and not self._inner:
            self._text = prop
            backslashes = len(prop.value) - len(prop.value.rstrip("\\"))
            self._is_broken = backslashes % 2 == 1

    def _continues_text(self, line: str, prop: Property | None) -> bool:
        """Whether a line after a description is part of its text.

        Within a text with line ends, it is unless it begins with a name of the
        standard. Otherwise it must look like words.
        """
        if prop is None:
            self._is_broken |= not SHAPE.match(line)
        elif NAMES.fullmatch(prop.name):
            return False
        else:
            self._is_broken |= not line.startswith(prop.name)  # not in upper case
        return self._is_broken
