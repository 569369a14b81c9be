"""Tasks for calendar programs: iCalendar to-dos (RFC 5545), without the trash.

Due times are wall clock here too: a date is a DATE, a time without a zone is a floating
local time, and a time with a zone has its TZID. What the standard does not define is in
properties that begin with X-OWNLIST.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Timezone, vDuration
from icalendar.parser import Contentline

from accounts.models import User
from todos.exports.rows import Columns, Selection, lists_of, tasks_of, zones_of
from todos.models import Task
from todos.schedule.instants import instant_of
from todos.schedule.windows import Dates, counts_from_start

# From a priority of Ownlist to one of iCalendar, where 1 is highest and 9 lowest.
PRIORITIES = {1: 1, 2: 3, 3: 5, 4: 9}
LAST_TRANSITION = date(2038, 1, 1)
END_OF_DAY = time(23, 59, 59)
LINE_MAX = 75  # octets, without the line end
# Section 3.3.11. icalendar 7.3 would turn the `\\N` of `C:\\New` into a line end.
ESCAPES = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})


def write(user: User, selection: Selection) -> Iterator[bytes]:
    """Yield the calendar: first its time zones, then the tasks."""
    lists = {row["id"]: row["name"] for row in lists_of(user)}
    yield _lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ownlist//Ownlist//EN")
    for name in zones_of(user):
        if name != "UTC":
            yield _zone(name)
    for row in tasks_of(user, selection):
        if row["trashed_at"] is None:
            yield _lines(*task_lines(row, lists))
    yield _lines("END:VCALENDAR")


def _lines(*lines: str) -> bytes:
    """Return content lines as bytes of a file: folded, with line ends."""
    return b"".join(map(_folded, lines))


def _folded(line: str) -> bytes:
    whole = line.encode()
    if len(whole) > LINE_MAX:
        whole = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return whole + b"\r\n"


def text(value: str) -> str:
    """Escape a value of type TEXT."""
    return value.translate(ESCAPES)


def _zone(name: str) -> bytes:
    zone: bytes = Timezone.from_tzid(name, last_date=LAST_TRANSITION).to_ical()
    return zone


def task_lines(row: Columns, lists: Mapping[UUID, str]) -> Iterator[str]:
    """Yield the content lines of one task, not folded yet."""
    yield "BEGIN:VTODO"
    yield f"UID:{row['id']}"
    yield f"DTSTAMP:{_instant(row['updated_at'])}"
    yield f"CREATED:{_instant(row['created_at'])}"
    yield f"LAST-MODIFIED:{_instant(row['updated_at'])}"
    yield f"SEQUENCE:{row['version'] - 1}"
    yield f"SUMMARY:{text(row['title'])}"
    if row["notes"]:
        yield f"DESCRIPTION:{text(row['notes'])}"
    yield f"PRIORITY:{PRIORITIES[row['priority']]}"
    yield from _state(row)
    yield from _dates(row)
    if row["label_names"]:
        yield "CATEGORIES:" + ",".join(map(text, row["label_names"]))
    if row["parent_id"]:
        yield f"RELATED-TO;RELTYPE=PARENT:{row['parent_id']}"
    yield f"X-OWNLIST-LIST:{text(lists[row['list_id']])}"
    yield from _alarm(row)
    yield "END:VTODO"


def _state(row: Columns) -> Iterator[str]:
    if row["completed_at"] is None:
        yield "STATUS:NEEDS-ACTION"
    else:
        yield "STATUS:COMPLETED"
        yield "PERCENT-COMPLETE:100"
        yield f"COMPLETED:{_instant(row['completed_at'])}"


def _dates(row: Columns) -> Iterator[str]:
    due, start = row["due_date"], row["start_date"]
    if due:
        yield f"DUE{_wall_clock(due, row)}"
    if row["rrule"]:
        # A rule counts from DTSTART (section 3.8.2.4): the due date, or the start date
        # if the rule describes that.
        if counts_from_start(row["rrule"], Dates(due, start)):
            yield f"DTSTART{_wall_clock(start, row, at=time(0))}"
            start = None
        else:
            yield f"DTSTART{_wall_clock(due, row)}"
        yield f"RRULE:{_rule(row)}"
        if row["rrule_anchor"] == Task.Anchor.COMPLETION:
            yield "X-OWNLIST-ANCHOR:completion"
    elif start and (due is None or start < due):
        # It must have the type of DUE and be earlier (section 3.8.2.3).
        yield f"DTSTART{_wall_clock(start, row, at=time(0))}"
        return
    if start:
        yield f"X-OWNLIST-START;VALUE=DATE:{_date(start)}"


def _wall_clock(day: date, row: Columns, at: time | None = None) -> str:
    if row["due_time"] is None:
        return f";VALUE=DATE:{_date(day)}"
    value = f"{_date(day)}T{_time(at or row['due_time'])}"
    if row["due_tz"] == "UTC":
        return f":{value}Z"
    return f";TZID={row['due_tz']}:{value}" if row["due_tz"] else f":{value}"


def _rule(row: Columns) -> str:
    """Return the rule with an UNTIL of the type of DTSTART (section 3.3.10)."""
    rule: str = row["rrule"]
    before, until, rest = rule.partition("UNTIL=")
    if not until or row["due_time"] is None:
        return rule
    last = date.fromisoformat(rest[:8])
    return f"{before}UNTIL={_end_of(last, row)}{rest[8:]}"


def _end_of(day: date, row: Columns) -> str:
    if not row["due_tz"]:
        return f"{_date(day)}T{_time(END_OF_DAY)}"
    return _instant(instant_of(day, END_OF_DAY, ZoneInfo(row["due_tz"])))


def _alarm(row: Columns) -> Iterator[str]:
    before = _offset(row)
    if before is None:
        return
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"DESCRIPTION:{text(row['title'])}"
    trigger = vDuration(before).to_ical()  # type: ignore[no-untyped-call]
    yield f"TRIGGER;RELATED=END:{trigger.decode()}"
    yield "END:VALARM"


def _offset(row: Columns) -> timedelta | None:
    """Return the offset of the reminder from DUE; a date without a time is 0:00."""
    if row["reminder_minutes"] is not None:
        return timedelta(minutes=-row["reminder_minutes"])
    if row["reminder_time"] is None:
        return None
    return _since_midnight(row["reminder_time"]) - _since_midnight(
        row["due_time"] or time(0)
    )


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _date(day: date) -> str:
    return day.isoformat().replace("-", "")


def _time(at: time) -> str:
    return f"{at:%H%M%S}"
