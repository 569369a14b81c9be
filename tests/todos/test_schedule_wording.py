"""Rules in words, compared with expected texts and with their dates."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.todos.test_schedule_recurrence_guard import RULES
from todos.schedule.recurrence import begin_series, first_date
from todos.schedule.rules import RuleRefused, read_rule
from todos.schedule.windows import Dates, next_dates
from todos.schedule.wording import DAYS, MONTHS, rule_words

WORDS = [
    ("FREQ=DAILY", "Every day"),
    ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
    ("FREQ=DAILY;BYDAY=SA,SU", "Every weekend day"),
    ("FREQ=DAILY;BYDAY=MO,WE", "Every Mon and Wed"),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Every day"),
    ("FREQ=DAILY;INTERVAL=2;BYDAY=MO,FR", "Every 2 days, when that is a Mon or Fri"),
    ("FREQ=DAILY;BYMONTHDAY=1,15", "Every day, when that is the 1st or the 15th"),
    (
        "FREQ=DAILY;BYMONTHDAY=13;BYDAY=FR",
        "Every day, when that is a Friday and the 13th",
    ),
    ("FREQ=DAILY;BYMONTH=1,7", "Every day in January and July"),
    ("FREQ=DAILY;COUNT=10", "Every day, 10 times"),
    ("FREQ=DAILY;COUNT=1", "Every day, once"),
    ("FREQ=DAILY;UNTIL=20271231", "Every day, until 31 December 2027"),
    ("FREQ=WEEKLY", "Every week"),
    ("FREQ=WEEKLY;INTERVAL=2", "Every 2 weeks"),
    ("FREQ=WEEKLY;COUNT=3", "Every week, 3 times"),
    ("FREQ=WEEKLY;BYDAY=MO", "Every week on Monday"),
    ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "Every week on Mon, Wed and Fri"),
    ("FREQ=WEEKLY;BYDAY=FR,MO", "Every week on Mon and Fri"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
    ("FREQ=WEEKLY;BYDAY=SA,SU", "Every weekend day"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Every day"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", "Every 2 weeks on weekdays"),
    (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "Every 2 weeks on Mon and Sun, weeks from Sunday",
    ),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Every week on Friday"),
    ("FREQ=WEEKLY;BYDAY=SU,MO;WKST=SU;BYSETPOS=1", "Every week on Sunday"),
    (
        "FREQ=WEEKLY;BYDAY=MO,FR;BYMONTH=6;BYSETPOS=-1",
        "Every week on the last of Mon and Fri in June",
    ),
    (
        "FREQ=WEEKLY;BYDAY=MO;BYMONTH=6,7,8",
        "Every week on Monday in June, July and August",
    ),
    (
        "FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20270630",
        "Every week on Tue and Thu, until 30 June 2027",
    ),
    ("FREQ=MONTHLY", "Every month"),
    ("FREQ=MONTHLY;INTERVAL=3", "Every 3 months"),
    ("FREQ=MONTHLY;COUNT=12", "Every month, 12 times"),
    ("FREQ=MONTHLY;BYMONTHDAY=15", "Every month on the 15th"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,1", "Every month on the 1st and the 15th"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day"),
    ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "Every month on the 1st and the last day"),
    ("FREQ=MONTHLY;BYMONTHDAY=-2", "Every month on the 2nd to last day"),
    ("FREQ=MONTHLY;BYMONTHDAY=31", "Every month on the 31st"),
    (
        "FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1",
        "Every month on the 29th or the last day",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
        "Every month on the 30th or the last day",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "Every month on the last day"),
    (
        "FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYSETPOS=-1",
        "Every month on the last of the 29th, the 30th and the 31st",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=1,15;BYSETPOS=2",
        "Every month on the 2nd of the 1st and the 15th",
    ),
    ("FREQ=MONTHLY;BYDAY=3TU", "Every month on the 3rd Tuesday"),
    ("FREQ=MONTHLY;BYDAY=-1FR", "Every month on the last Friday"),
    ("FREQ=MONTHLY;BYDAY=-2MO", "Every month on the 2nd to last Monday"),
    ("FREQ=MONTHLY;BYDAY=1MO,3MO", "Every month on the 1st Mon and the 3rd Mon"),
    ("FREQ=MONTHLY;BYDAY=MO", "Every month on each Monday"),
    ("FREQ=MONTHLY;BYDAY=MO,WE", "Every month on each Mon and Wed"),
    ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=3", "Every month on the 3rd Tuesday"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "Every month on the last weekday",
    ),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "Every month on the 1st weekday"),
    ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "Every month on the 1st weekend day"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1",
        "Every month on the last day",
    ),
    ("FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=2", "Every month on the 2nd Mon or Wed"),
    (
        "FREQ=MONTHLY;BYDAY=1MO,3MO;BYSETPOS=-1",
        "Every month on the last of the 1st Mon and the 3rd Mon",
    ),
    (
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "Every month on the 13th when that is a Friday",
    ),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYMONTHDAY=1,2,3;BYSETPOS=1",
        "Every month on the first of the 1st, the 2nd or the 3rd"
        " when that is a weekday",
    ),
    (
        "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYMONTHDAY=1",
        "Every month on the 1st in January, April, July and October",
    ),
    ("FREQ=YEARLY", "Every year"),
    ("FREQ=YEARLY;INTERVAL=2", "Every 2 years"),
    ("FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=25", "Every year on 25 November"),
    ("FREQ=YEARLY;BYMONTH=1,7", "Every year in January and July"),
    (
        "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1",
        "Every year on the 1st of January and July",
    ),
    ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "Every year on the 4th Thursday of November"),
    (
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
        "Every year on the 29th or the last day of February",
    ),
    (
        "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "Every year on the last day of April",
    ),
    (
        "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "Every year on the last of the 28th, the 29th, the 30th and the 31st"
        " of January and July",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "Every year on the 20th Monday of the year"),
    ("FREQ=YEARLY;BYDAY=MO", "Every year on each Monday"),
    ("FREQ=YEARLY;BYMONTHDAY=1", "Every year on the 1st of each month"),
    (
        "FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR",
        "Every year on the 13th of each month when that is a Friday",
    ),
    (
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "Every year on the last weekday of the year",
    ),
    (
        "FREQ=YEARLY;BYMONTH=12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "Every year on the last weekday of December",
    ),
    ("FREQ=YEARLY;BYMONTH=6;BYSETPOS=1", "Every year in June"),
    (
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25,26",
        "Every year on 24, 25 and 26 December",
    ),
    (
        "FREQ=YEARLY;BYMONTH=1,7;BYSETPOS=-1",
        "Every year in the last of January and July",
    ),
    ("FREQ=WEEKLY;BYMONTH=6;BYSETPOS=1", "Every week in June"),
    ("FREQ=MONTHLY;BYMONTH=6;BYSETPOS=1", "Every month in June"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Every 2 weeks on every day"),
    (
        "FREQ=YEARLY;BYMONTHDAY=1,15;BYSETPOS=-1",
        "Every year on the last of the 1st and the 15th of each month",
    ),
    (
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;INTERVAL=2",
        "Every 2 days, when that is a weekday",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-3,-1",
        "Every month on the 3rd to last day and the last day",
    ),
    ("FREQ=MONTHLY;BYDAY=-1MO,2MO", "Every month on the 2nd Mon and the last Mon"),
    ("FREQ=MONTHLY;BYMONTHDAY=28;BYSETPOS=-1", "Every month on the 28th"),
    (
        "FREQ=MONTHLY;BYMONTHDAY=11,12,13,21,22,23",
        "Every month on the 11th, the 12th, the 13th, the 21st, the 22nd and the 23rd",
    ),
]
# Several days of which BYSETPOS takes one, and parts that select nothing.
WORDS += [
    ("FREQ=MONTHLY;BYDAY=SU;BYSETPOS=2", "Every month on the 2nd Sunday"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "Every month on the 2nd to last weekday",
    ),
    ("FREQ=MONTHLY;BYDAY=2MO,-1FR", "Every month on the 2nd Mon and the last Fri"),
    ("FREQ=MONTHLY;BYDAY=MO,-1FR", "Every month on each Mon and the last Fri"),
    (
        "FREQ=MONTHLY;BYDAY=MO,-1FR;BYSETPOS=2",
        "Every month on the 2nd of each Mon and the last Fri",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=-1;BYSETPOS=1", "Every month on the last day"),
    ("FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=-1", "Every month on the last Friday"),
    (
        "FREQ=MONTHLY;BYMONTHDAY=1,2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "Every month on the 1st and the 2nd",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=MO,-1FR;BYMONTH=3",
        "Every month on the 1st in March when that is a Mon or the last Fri",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3,6;BYDAY=MO;BYSETPOS=1",
        "Every year on the first of the Mondays of March and June",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3,6;BYDAY=MO,FR;BYSETPOS=-1",
        "Every year on the last of the Mondays and Fridays of March and June",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3,6;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
        "Every year on the first of the weekdays of March and June",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3;BYDAY=MO;BYSETPOS=2",
        "Every year on the 2nd Monday of March",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3,6;BYDAY=1MO;BYSETPOS=-1",
        "Every year on the last of the 1st Monday of March and June",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=13;BYDAY=FR",
        "Every year on the 13th of March and June when that is a Friday",
    ),
    (
        "FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=1,2",
        "Every year on the 1st or the 2nd of each month"
        " when that is the 1st Monday of the year",
    ),
    (
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=100",
        "Every year on the 100th day of the year",
    ),
    (
        "FREQ=WEEKLY;BYDAY=SA,SU;BYMONTH=6;BYSETPOS=1",
        "Every week on the first of the weekend days in June",
    ),
    (
        "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=1;BYMONTH=1",
        "Every day in January, when that is a Monday and the 1st",
    ),
]
AFTER_COMPLETION = [
    ("FREQ=WEEKLY;INTERVAL=6", "6 weeks after completion"),
    ("FREQ=DAILY", "1 day after completion"),
    ("FREQ=MONTHLY;COUNT=3", "1 month after completion, 3 times"),
    ("FREQ=WEEKLY;BYDAY=MO", "Every week on Monday, counted from completion"),
    (
        "FREQ=MONTHLY;BYDAY=1MO;UNTIL=20300101",
        "Every month on the 1st Monday, counted from completion, until 1 January 2030",
    ),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every weekday, counted from completion"),
    ("FREQ=WEEKLY;BYMONTH=3", "Every week in March, counted from completion"),
    # The nearest of these days to the interval.
    ("FREQ=WEEKLY;INTERVAL=4;BYDAY=SU", "About 4 weeks after completion, on Sunday"),
    (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU;COUNT=5",
        "About 2 weeks after completion, on Mon or Fri, 5 times",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR",
        "About 2 weeks after completion, on a weekday",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=28,29,30;BYSETPOS=-1",
        "About 6 months after completion, on the 30th or the last day",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,15",
        "About 2 months after completion, on the 1st or the 15th",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO,-1FR",
        "About 3 months after completion, on the 1st Mon or the last Fri",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "About 2 months after completion, on the last weekday",
    ),
    (
        "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR",
        "About 3 days after completion, on a weekday",
    ),
    (
        "FREQ=DAILY;INTERVAL=10;BYMONTH=6,7",
        "About 10 days after completion, in June or July",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=1;UNTIL=20401231",
        "About 2 years after completion, on 1 March, until 31 December 2040",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=3,6;BYDAY=MO;BYSETPOS=1",
        "About 2 years after completion, on the first of the Mondays of March and June",
    ),
]


@pytest.mark.parametrize(("rule", "words"), WORDS)
def test_describes_the_frequency_and_the_days(rule, words):
    assert rule_words(rule) == words


@pytest.mark.parametrize(("rule", "words"), AFTER_COMPLETION)
def test_describes_counting_from_completion(rule, words):
    assert rule_words(rule, from_completion=True) == words


def test_rules_with_the_same_words_have_the_same_dates():
    """Rules with the same words must have the same dates."""
    dates = {}
    for rule, words in WORDS:
        begin = first_date(rule, on_or_after=date(2027, 1, 1))
        found = begin and next_dates(rule, Dates(begin), count=30)
        assert dates.setdefault(words, found) == found, rule


COMBINED = tuple(
    product(
        ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"),
        ("", ";INTERVAL=2"),
        ("", ";BYMONTH=3,6"),
        ("", "1", "-1", "1,15", "28,29,30,31"),
        ("", "MO", "MO,TU,WE,TH,FR", "MO,TU,WE,TH,FR,SA,SU", "1MO", "MO,-1FR"),
        ("", "1", "-1"),
    )
)


@pytest.mark.slow
@pytest.mark.parametrize("from_completion", [False, True])
def test_any_combination_of_parts_with_the_same_words_has_the_same_dates(
    from_completion,
):
    dates, described = {}, 0
    for frequency, interval, months, month_days, weekdays, position in COMBINED:
        parts = [f"FREQ={frequency}{interval}{months}"]
        parts += [f"BYMONTHDAY={month_days}"] if month_days else []
        parts += [f"BYDAY={weekdays}"] if weekdays else []
        parts += [f"BYSETPOS={position}"] if position else []
        try:
            rule, begin = begin_series(
                ";".join(parts),
                due=None,
                today=date(2027, 1, 1),
                from_completion=from_completion,
            )
        except RuleRefused:
            continue
        first = Dates(begin)
        found = next_dates(rule, first, count=5, from_completion=from_completion)
        words = rule_words(rule, from_completion=from_completion)
        assert dates.setdefault(words, found) == found, rule
        described += 1
    assert described > 400


@settings(max_examples=300)
@given(RULES, st.booleans())
def test_describes_every_part_of_any_rule(rule, from_completion):
    try:
        read = read_rule(rule)
    except RuleRefused:
        return

    words = rule_words(rule, from_completion=from_completion)

    assert words[0].isupper() or words[0].isdecimal()
    assert ("completion" in words) == from_completion
    assert "  " not in words
    assert "set days" not in words
    if read.interval > 1:
        assert str(read.interval) in words
    if read.count:
        assert words.endswith(", once" if read.count == 1 else f"{read.count} times")
    if read.until:
        assert words.endswith("until 1 January 2040")
    for month in read.months:
        assert MONTHS[month - 1] in words
    for weekday in read.weekdays if read.position is None else ():
        name = DAYS[weekday.day][:3]
        assert name in words or "day" in words
