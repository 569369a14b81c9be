"""Quick add of any text: nothing is lost, fails or takes too long."""

import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todos.schedule.days import Clock
from todos.schedule.quick_add import Context, parse_line
from todos.schedule.recurrence import begin_series

LISTS = ("Inbox", "Home", "Next year")
VOCABULARY = """buy Milk today tomorrow tonight tom friday Sun next this week weekend
 month end of last day in 3 days a year hours at by on due: 9 9am 9:30 25:00 noon
 midnight may
 28 feb 2027 2027-02-28 2027-02-30 28.2.2027 1st 31st third every every! other weekday
 mon,wed and until for 10 times the starting #home #Home, #"Next\u3000year" #nope @shop
 @"a b" @“a p1 p5 !2 due:tomorrow due:"every day" due:9am from:monday remind:30m
 remind:9am remind:1d \\#home \\p1 "in quotes" " “ ” „ “ \\ # @ ! bob@example.com C# #1
 #”Next\u3000year” #'home' ‘ ’ « » due:'friday' due:friday or from not with ev ev! daily
 weekly everyday workday weekend 27 2, 15 jan, jul mon-fri to morning evening night
 at\u30001900 noon before after days from now starting ending 3 weeks 1/2/2027 2/28/2027
 2027-02-28T09:00Z um Freitag 明日 Black John 3:16 sat sun wed Sun
 0 99999 9999 \0 \x1c \u2028 \ufeff \ud800 \u0130 \u017f \u212a \u0663"""
WORDS = VOCABULARY.split()
typed = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
anything = st.text(max_size=80)
mixed = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=10).map("".join)
only_parts = st.lists(
    st.sampled_from(["p1", "@shop", "#home", "due:9am", "today", "every", "day", '""']),
    max_size=4,
).map(" ".join)
lines = typed | anything | mixed | only_parts
moments = st.datetimes(
    datetime(1900, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
contexts = st.builds(
    lambda now, day_start, week_start: Context(
        Clock(now, UTC, day_start), week_start, LISTS
    ),
    moments,
    st.integers(0, 23),
    st.integers(0, 6),
)
examples = settings(max_examples=150)


def without_space(text):
    return "".join(text.split())


def left_of(line, spans):
    """Return the characters of a line outside of spans, without white space."""
    kept = list(line)
    for span in spans:
        if span.kind != "new_list":
            kept[span.start : span.end] = [""] * (span.end - span.start)
    return without_space("".join(kept))


@examples
@given(lines, contexts)
def test_every_character_is_in_the_title_or_in_a_span(line, context):
    parsed = parse_line(line, context=context)

    assert without_space(parsed.title) == left_of(line, parsed.spans)


@examples
@given(lines, contexts)
def test_spans_have_correct_offsets_and_do_not_overlap(line, context):
    parsed = parse_line(line, context=context)

    end = 0
    for span in parsed.spans:
        assert end <= span.start < span.end
        assert span.text == line[span.start : span.end]
        end = span.end


@examples
@given(lines, contexts)
def test_every_line_that_is_not_blank_has_a_title(line, context):
    parsed = parse_line(line, context=context)

    assert bool(parsed.title) == bool(line.strip())
    assert parsed.title == " ".join(parsed.title.split())


@examples
@given(typed, contexts)
def test_the_fields_are_consistent(line, context):
    fields = parse_line(line, context=context).fields

    assert fields.due_time is None or fields.due_date
    assert not fields.rrule or fields.due_date
    assert bool(fields.rrule) == bool(fields.rrule_anchor)
    assert fields.reminder_minutes is None or fields.due_time
    assert fields.reminder_time is None or fields.due_date
    if fields.rrule:
        again, _ = begin_series(
            fields.rrule,
            due=fields.due_date,
            today=context.clock.today,
            from_completion=fields.rrule_anchor == "completion",
        )
        assert again == fields.rrule


@examples
@given(typed, contexts, st.data())
def test_any_part_can_be_rejected(line, context, data):
    as_read = parse_line(line, context=context)
    starts = [span.start for span in as_read.spans]
    rejected = (
        data.draw(st.lists(st.sampled_from(starts), unique=True)) if starts else []
    )

    parsed = parse_line(line, context=context, literal=rejected)

    assert without_space(parsed.title) == left_of(line, parsed.spans)
    assert not {span.start for span in parsed.spans} & set(rejected)


@examples
@given(typed, contexts)
def test_with_all_parts_rejected_the_line_is_the_title(line, context):
    starts = [span.start for span in parse_line(line, context=context).spans]

    parsed = parse_line(line, context=context, literal=starts)

    assert parsed.title == " ".join(line.split())
    assert parsed.spans == ()


@examples
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), contexts)
def test_a_title_before_a_date_does_not_end_with_a_day_or_a_preposition(words, context):
    line = " ".join(["Go", *words])
    if any(sign in line for sign in ("due:", "from:", "#", "@", '"', "\\")):
        return  # marked parts can be anywhere

    parsed = parse_line(line, context=context)

    unfinished = {
        "friday",
        "mon",
        "fri",
        "and",
        "of",
        "at",
        "by",
        "not",
        "with",
        "9:30",
    }
    is_dated = any(span.kind in {"due", "time", "repeat"} for span in parsed.spans)
    assert not (is_dated and parsed.title.split()[-1].rstrip(",;") in unfinished)


@examples
@given(typed, contexts)
def test_a_date_without_a_year_is_not_in_the_past(line, context):
    if any(word in line for word in ("2027", "28.2")):
        return

    due_date = parse_line(line, context=context).fields.due_date

    assert due_date is None or due_date >= context.clock.today


def calls_to_read(line):
    """Return the number of function calls it takes to parse a line."""
    context = Context(Clock(datetime(2026, 11, 25, tzinfo=UTC), UTC), 0, LISTS)
    parse_line(line, context=context)
    count = 0

    def count_one(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count_one)
    try:
        parse_line(line, context=context)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("word", sorted(set(WORDS)), ids=ascii)
def test_a_line_twice_as_long_takes_at_most_twice_the_steps(word):
    line = f"{word} " * 200

    assert calls_to_read(line + line) <= 2.1 * calls_to_read(line)


def test_keeps_dates_out_of_range_in_the_title():
    context = Context(Clock(datetime(2999, 12, 31, tzinfo=UTC), UTC), 0, LISTS)

    for phrase in ("tomorrow", "in 9999 years", "next month", "end of next month"):
        assert parse_line(f"x {phrase}", context=context).title == f"x {phrase}"
