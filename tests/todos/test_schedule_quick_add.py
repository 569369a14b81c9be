"""Quick add: the task of a line, and what stays in its title.

Most cases are in `tests/data/quick_add.json`: lines with the expected result, and
titles without parts. It is Wednesday, 25 November 2026, 14:30, unless a line has
another time.
"""

import json
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.tables import as_one_test
from todos.limits import LABEL_MAX_LENGTH, LIST_NAME_MAX_LENGTH
from todos.models import Label, TaskList
from todos.schedule import quick_add
from todos.schedule.days import Clock
from todos.schedule.quick_add import (
    Context,
    Fields,
    NoSuchPart,
    lines_of,
    parse_line,
    parse_phrase,
)

MONDAY, SATURDAY, SUNDAY = 0, 5, 6
GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "quick_add.json").read_text("utf-8")
)
LINES = [entry for group in GOLDEN["lines"].values() for entry in group]
BERLIN = ZoneInfo("Europe/Berlin")


def context(
    now="2026-11-25T14:30",
    *,
    zone=UTC,
    day_start=0,
    week_start=MONDAY,
    lists=tuple(GOLDEN["reference"]["lists"]),
):
    moment = datetime.fromisoformat(now).replace(tzinfo=zone)
    return Context(Clock(moment.astimezone(UTC), zone, day_start), week_start, lists)


def due(line, **at):
    fields = parse_line(line, context=context(**at)).fields
    return fields.due_date, fields.due_time


def in_the_form_of_the_file(fields):
    """Return the fields in the form of the file, without those that are not set."""
    clock = fields.reminder_time and fields.reminder_time.strftime("%H:%M")
    said = {
        "list": fields.list,
        "labels": list(fields.labels) or None,
        "priority": fields.priority,
        "due": fields.due_date and fields.due_date.isoformat(),
        "time": fields.due_time and fields.due_time.strftime("%H:%M"),
        "start": fields.start_date and fields.start_date.isoformat(),
        "rule": fields.rrule or None,
        "anchor": fields.rrule_anchor or None,
        "remind": clock if clock else fields.reminder_minutes,
    }
    return {name: value for name, value in said.items() if value is not None}


@as_one_test
@pytest.mark.parametrize("entry", LINES, ids=range(len(LINES)))
def test_parses_a_line_as_in_the_golden_file(entry):
    now = entry.get("now", GOLDEN["reference"]["now"])

    parsed = parse_line(entry["line"], context=context(now))

    assert parsed.title == entry["title"]
    assert in_the_form_of_the_file(parsed.fields) == entry["fields"]
    assert [
        [span.kind, span.start, span.end, span.text, span.value]
        for span in parsed.spans
    ] == entry["spans"]


@as_one_test
@pytest.mark.parametrize("line", GOLDEN["whole"], ids=range(len(GOLDEN["whole"])))
def test_keeps_a_title_without_parts(line):
    parsed = parse_line(line, context=context())

    assert parsed.title == line
    assert parsed.fields == Fields()
    assert {span.kind for span in parsed.spans} <= {"new_list"}


# At each of these times, other days are next, and other hours are past.
@pytest.mark.parametrize(
    "now", ["2026-11-25T14:30", "2026-11-29T08:00", "2026-12-02T23:30"]
)
@pytest.mark.parametrize("kind", GOLDEN["titles"])
def test_keeps_a_title_that_only_seems_to_have_a_date(kind, now):
    read = [parse_line(line, context=context(now)) for line in GOLDEN["titles"][kind]]

    assert [parsed.title for parsed in read] == GOLDEN["titles"][kind]
    assert {parsed.fields for parsed in read} == {Fields()}


def test_the_title_and_the_spans_of_every_line_are_the_line():
    titles = [line for kind in GOLDEN["titles"].values() for line in kind]
    for line in [*(entry["line"] for entry in LINES), *GOLDEN["whole"], *titles]:
        parsed = parse_line(line, context=context())

        left, end = "", 0
        for span in parsed.spans:
            if span.kind != "new_list":
                left, end = left + line[end : span.start], span.end
        left += line[end:]
        assert parsed.title.split() == left.split()


def test_the_golden_file_has_enough_entries():
    assert len(LINES) >= 500
    assert len(GOLDEN["whole"]) >= 150
    assert sum(map(len, GOLDEN["titles"].values())) >= 380


# --- The user's clock and week ---


@pytest.mark.parametrize(
    ("line", "week_start", "expected"),
    [
        ("x next week", MONDAY, date(2026, 11, 30)),
        ("x next week", SUNDAY, date(2026, 11, 29)),
        ("x next week", SATURDAY, date(2026, 11, 28)),
        ("x end of week", SUNDAY, date(2026, 11, 28)),
        ("x end of week", SATURDAY, date(2026, 11, 27)),
        ("x next sunday", MONDAY, date(2026, 12, 6)),
        ("x next sunday", SUNDAY, date(2026, 11, 29)),
        ("x next friday", SATURDAY, date(2026, 12, 4)),
    ],
)
def test_uses_the_first_day_of_the_users_week(line, week_start, expected):
    assert due(line, week_start=week_start) == (expected, None)


def test_a_fortnightly_rule_of_several_days_has_the_start_of_the_week():
    line = "x every 2 weeks on sun and mon"

    fields = parse_line(line, context=context(week_start=SUNDAY)).fields

    assert fields.rrule == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x sunday", date(2026, 11, 29)),
        ("x this sunday", date(2026, 11, 22)),
        ("x this weekend", date(2026, 11, 22)),
        ("x next weekend", date(2026, 11, 28)),
        ("x monday", date(2026, 11, 23)),
        ("x next monday", date(2026, 11, 23)),
        ("x end of week", date(2026, 11, 22)),
    ],
)
def test_reads_dates_on_a_sunday(line, expected):
    assert due(line, now="2026-11-22T12:00") == (expected, None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x in 1 month", date(2027, 2, 28)),
        ("x next month", date(2027, 2, 1)),
        ("x end of next month", date(2027, 2, 28)),
        ("x on the 30th", date(2027, 3, 30)),
        ("x 1 jan", date(2028, 1, 1)),
    ],
)
def test_reads_dates_at_the_end_of_months(line, expected):
    assert due(line, now="2027-01-31T12:00") == (expected, None)


def test_the_users_day_can_end_after_midnight():
    at_night = {"now": "2026-11-25T02:00", "day_start": 5}

    assert due("x today", **at_night) == (date(2026, 11, 24), None)
    assert due("x tomorrow", **at_night) == (date(2026, 11, 25), None)
    # A time alone ignores the start of the day: 3am is in an hour.
    assert due("x 3am", **at_night) == (date(2026, 11, 25), time(3))
    assert due("x 1am", **at_night) == (date(2026, 11, 26), time(1))


def test_reads_dates_in_the_users_zone():
    late_in_berlin = {"now": "2026-11-26T00:30", "zone": BERLIN}

    assert due("x today", **late_in_berlin) == (date(2026, 11, 26), None)
    assert due("x 00:15", **late_in_berlin) == (date(2026, 11, 27), time(0, 15))


def test_adds_hours_across_a_change_of_clocks():
    before = {"now": "2027-03-28T01:30", "zone": BERLIN}

    assert due("x in 1 hour", **before) == (date(2027, 3, 28), time(3, 30))


# --- Lists ---


def test_uses_the_first_of_lists_with_the_same_name():
    parsed = parse_line("x #home", context=context(lists=["Home", "HOME"]))

    assert parsed.fields.list == "Home"


def test_prefers_the_list_with_the_same_case():
    parsed = parse_line("x #HOME", context=context(lists=["Home", "HOME"]))

    assert parsed.fields.list == "HOME"


@pytest.mark.parametrize(
    ("sign", "longest"),
    [("#", LIST_NAME_MAX_LENGTH), ("@", LABEL_MAX_LENGTH)],
)
def test_keeps_a_name_that_is_too_long_in_the_title(sign, longest):
    fits, longer = f"x {sign}{'a' * longest}", f"x {sign}{'a' * (longest + 1)}"

    assert len(parse_line(fits, context=context()).spans) == 1
    assert parse_line(longer, context=context()).spans == ()


def test_has_the_limits_of_the_columns():
    assert TaskList._meta.get_field("name").max_length == LIST_NAME_MAX_LENGTH
    assert Label._meta.get_field("name").max_length == LABEL_MAX_LENGTH


# --- Rejected parts ---

FULL = "Run every day 9am #home @legs p1 remind:10m until friday"


@pytest.mark.parametrize(
    ("rejected", "title", "changes"),
    [
        ("#home", "Run #home", {"list": None}),
        ("@legs", "Run @legs", {"labels": ()}),
        ("p1", "Run p1", {"priority": None}),
        ("until", "Run until friday", {"rrule": "FREQ=DAILY"}),
        # A reminder without a time and an end without a recurrence are dropped too.
        (
            "9am",
            "Run 9am remind:10m",
            {
                "due_date": date(2026, 11, 25),
                "due_time": None,
                "reminder_minutes": None,
            },
        ),
        (
            "every",
            "Run every day until friday",
            {"rrule": "", "rrule_anchor": ""},
        ),
    ],
)
def test_keeps_a_rejected_part_in_the_title_and_applies_the_others(
    rejected, title, changes
):
    as_read = parse_line(FULL, context=context())

    parsed = parse_line(FULL, context=context(), literal=[FULL.index(rejected)])

    assert parsed.title == title
    for name in Fields.__slots__:
        expected = changes.get(name, getattr(as_read.fields, name))
        assert getattr(parsed.fields, name) == expected


def test_keeps_the_time_of_a_rejected_date():
    line = "Call Bob friday 16:00"

    parsed = parse_line(line, context=context(), literal=[line.index("friday")])

    assert parsed.title == "Call Bob friday"
    assert parsed.fields.due_date == date(2026, 11, 25)
    assert parsed.fields.due_time == time(16)


def test_an_offer_of_a_list_can_be_declined():
    parsed = parse_line("Buy milk #garden", context=context(), literal=[9])

    assert parsed.title == "Buy milk #garden"
    assert parsed.spans == ()


@pytest.mark.parametrize("start", [-1, 0, 10, 99])
def test_only_a_part_can_be_rejected(start):
    with pytest.raises(NoSuchPart):
        parse_line("Buy milk tomorrow", context=context(), literal=[start])


# --- Several lines ---


def test_splits_a_text_into_the_lines_that_are_not_blank():
    lines = lines_of("Buy milk p1\r\n\n  \t\nBuy bread\rBuy tea tomorrow\n")

    assert lines == ["Buy milk p1", "Buy bread", "Buy tea tomorrow"]


@pytest.mark.parametrize("text", ["", " ", "\n\r\n", "\u3000"])
def test_a_blank_text_has_no_lines(text):
    assert lines_of(text) == []


# --- The documentation ---

GUIDE = (Path(__file__).parents[2] / "docs" / "quick-add.md").read_text("utf-8")


def phrases_of(heading):
    """Return the first column of the table under a heading."""
    section = re.split(r"\n##", GUIDE.partition(f"\n### {heading}\n")[2])[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line[:1] == "|"]
    return [phrase for row in rows for phrase in re.findall("`([^`]+)`", row)]


@as_one_test
@pytest.mark.parametrize(
    "phrase",
    [
        *phrases_of("Dates"),
        *phrases_of("Times"),
        *phrases_of("Repeats"),
        "due:weekend",
        "due:1st",
    ],
)
def test_recognises_every_phrase_of_the_guide(phrase):
    parsed = parse_line(f"Go {phrase}", context=context())

    assert parsed.title == "Go"
    assert parsed.fields.due_date


def test_the_guide_has_its_forty_phrases():
    tables = [phrases_of(heading) for heading in ("Dates", "Times", "Repeats")]

    assert sum(map(len, tables)) >= 40
    assert all(tables)


def rows_of_todoist():
    """Return the cells of the table of phrases, each as its text."""
    table = GUIDE.partition("\n## Phrases of Todoist\n")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        for line in lines
    ]


def as_in_the_table(fields):
    """Return the fields as the columns `due` and `repeats`."""
    if fields is None:
        return ["", ""]
    at = f" {fields.due_time:%H:%M}" if fields.due_time else ""
    from_ = " from completion" if fields.rrule_anchor == "completion" else ""
    return [f"{fields.due_date}{at}", f"{fields.rrule}{from_}"]


@as_one_test
@pytest.mark.parametrize("row", rows_of_todoist(), ids=lambda row: row[0])
def test_reads_the_phrases_of_todoist_as_the_guide_says(row):
    phrase, due_at, repeats, note = row
    sunday = context("2026-11-29T08:00")

    as_phrase = parse_phrase(phrase, context=sunday)
    as_line = parse_line(f"Go {phrase}", context=sunday)

    assert as_in_the_table(as_phrase) == [due_at, repeats]
    if note:
        assert as_line.title == f"Go {phrase}"
        assert as_line.fields == Fields()
        assert note.startswith("title: " if as_phrase is None else "only marked: ")
    else:
        assert (as_line.title, as_line.fields) == ("Go", as_phrase)


def test_the_guide_has_all_phrases_of_todoist():
    assert len(rows_of_todoist()) >= 78


def test_the_guide_names_every_kind_of_part():
    table = GUIDE.partition("| `kind` | `value` |")[2]

    assert set(re.findall("`([a-z_]+)`", table.partition("\n\n")[0])) == set(
        quick_add.KINDS
    )
