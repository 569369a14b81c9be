"""The text of recurrence rules: what is accepted, and the messages of refusals."""

from datetime import date

import pytest

from todos.schedule.rules import RuleRefused, read_rule, with_end


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("freq=daily", "FREQ=DAILY"),
        (" RRULE:FREQ=WEEKLY;BYDAY=MO,FR ", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("INTERVAL=002;FREQ=DAILY", "INTERVAL=2;FREQ=DAILY"),
        ("FREQ=DAILY;INTERVAL=1", "FREQ=DAILY;INTERVAL=1"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
        ("FREQ=MONTHLY;BYDAY=+2TU,-1FR", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
        ("FREQ=YEARLY;BYDAY=53SU,-53SU", "FREQ=YEARLY;BYDAY=53SU,-53SU"),
        ("FREQ=MONTHLY;BYMONTHDAY=+1,-31,15", "FREQ=MONTHLY;BYMONTHDAY=1,-31,15"),
        ("FREQ=WEEKLY;BYMONTH=01,12;WKST=SU", "FREQ=WEEKLY;BYMONTH=1,12;WKST=SU"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"),
        ("FREQ=DAILY;INTERVAL=999;COUNT=999", "FREQ=DAILY;INTERVAL=999;COUNT=999"),
        ("FREQ=DAILY;UNTIL=20271231", "FREQ=DAILY;UNTIL=20271231"),
        ("FREQ=DAILY;UNTIL=20271231T235959Z", "FREQ=DAILY;UNTIL=20271231"),
        ("FREQ=DAILY;UNTIL=20271231T090000", "FREQ=DAILY;UNTIL=20271231"),
    ],
)
def test_returns_a_rule_in_canonical_form(text, spelling):
    assert str(read_rule(text)) == spelling
    assert str(read_rule(spelling)) == spelling


REFUSED = [
    ("", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    (";", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("=", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("DAILY", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY;", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY; INTERVAL=2", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY\nDTSTART:20270101", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=DAILY;\x00=1", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY;X=1", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=YEARLY;BYEASTER=0", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    # Its upper case is an ASCII letter.
    ("FREQ=DA\u0131LY", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY;INTERVAL=\u0663", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=DAILY;X=" + "a" * 200, "Must be at most 200 characters."),
    ("INTERVAL=2", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=SECONDLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=MINUTELY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=HOURLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=DAILY,WEEKLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY."),
    ("FREQ=DAILY;FREQ=WEEKLY", "FREQ must appear only once."),
    ("FREQ=DAILY;COUNT=1;COUNT=1", "COUNT must appear only once."),
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=-1", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=+3", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=1000", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL must be one number."),
    ("FREQ=DAILY;INTERVAL=x", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL=1_0", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;INTERVAL= 3", "INTERVAL must be 1 to 999."),
    ("FREQ=DAILY;BYHOUR=9", "Leave out BYHOUR; give the task a due time."),
    ("FREQ=DAILY;BYMINUTE=9", "Leave out BYMINUTE; give the task a due time."),
    ("FREQ=DAILY;BYSECOND=9", "Leave out BYSECOND; give the task a due time."),
    ("FREQ=YEARLY;BYYEARDAY=9", "Write BYMONTH and BYMONTHDAY instead of BYYEARDAY."),
    ("FREQ=YEARLY;BYWEEKNO=9", "Write BYMONTH and BYDAY instead of BYWEEKNO."),
    ("FREQ=WEEKLY;BYDAY=", "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."),
    ("FREQ=WEEKLY;BYDAY=XX", "BYDAY must be days of the week, such as MO,WE or -1FR."),
    ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY must be days of the week, such as MO,WE or -1FR."),
    (
        "FREQ=MONTHLY;BYDAY=0MO",
        "BYDAY must be days of the week, such as MO,WE or -1FR.",
    ),
    (
        "FREQ=MONTHLY;BYDAY=-MO",
        "BYDAY must be days of the week, such as MO,WE or -1FR.",
    ),
    ("FREQ=WEEKLY;BYDAY=MO,MO", "Each value of BYDAY must appear only once."),
    ("FREQ=MONTHLY;BYDAY=1MO,+1MO", "Each value of BYDAY must appear only once."),
    (
        "FREQ=WEEKLY;BYDAY=1MO",
        "Only MONTHLY and YEARLY number the days of BYDAY, such as 2TU.",
    ),
    (
        "FREQ=DAILY;BYDAY=-1MO",
        "Only MONTHLY and YEARLY number the days of BYDAY, such as 2TU.",
    ),
    ("FREQ=MONTHLY;BYDAY=6MO", "Number the days of BYDAY from -5 to 5."),
    ("FREQ=MONTHLY;BYDAY=-6MO", "Number the days of BYDAY from -5 to 5."),
    ("FREQ=YEARLY;BYDAY=54MO", "Number the days of BYDAY from -53 to 53."),
    ("FREQ=YEARLY;BYDAY=-54MO", "Number the days of BYDAY from -53 to 53."),
    (
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "BYMONTHDAY requires FREQ=DAILY, MONTHLY or YEARLY.",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must be -31 to 31, but not 0."),
    ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY must be -31 to 31, but not 0."),
    ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY must be -31 to 31, but not 0."),
    ("FREQ=MONTHLY;BYMONTHDAY=1,1", "Each value of BYMONTHDAY must appear only once."),
    ("FREQ=YEARLY;BYMONTH=13", "BYMONTH must be 1 to 12."),
    ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH must be 1 to 12."),
    (
        "FREQ=YEARLY;BYSETPOS=1",
        "BYSETPOS requires BYDAY, BYMONTHDAY or BYMONTH.",
    ),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2", "BYSETPOS must be one number."),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS must be -31 to 31, but not 0."),
    ("FREQ=DAILY;BYDAY=MO;BYSETPOS=2", "BYSETPOS must be -1 to 1, but not 0."),
    ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=8", "BYSETPOS must be -7 to 7, but not 0."),
    ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS must be -366 to 366, but not 0."),
    ("FREQ=WEEKLY;WKST=1MO", "WKST must be a day of the week, such as MO or SU."),
    ("FREQ=DAILY;COUNT=0", "COUNT must be 1 to 999."),
    ("FREQ=DAILY;COUNT=1000", "COUNT must be 1 to 999."),
    ("FREQ=DAILY;UNTIL=20270230", "UNTIL must be a date, such as 20271231."),
    ("FREQ=DAILY;UNTIL=2027-12-31", "UNTIL must be a date, such as 20271231."),
    ("FREQ=DAILY;UNTIL=x\x00", "UNTIL must be a date, such as 20271231."),
    ("FREQ=DAILY;UNTIL=20271231T", "UNTIL must be a date, such as 20271231."),
    ("FREQ=DAILY;UNTIL=00000101", "UNTIL must be a date, such as 20271231."),
    ("FREQ=DAILY;COUNT=3;UNTIL=20271231", "Use either COUNT or UNTIL, not both."),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_refuses_unsupported_rules(text, words):
    with pytest.raises(RuleRefused) as refused:
        read_rule(text)

    # They say what to write, and don't quote the input.
    assert str(refused.value) == words


@pytest.mark.parametrize("space", [" ", "\n", "\t"])
def test_ignores_space_around_a_rule(space):
    assert str(read_rule(f"{space}FREQ=DAILY{space}")) == "FREQ=DAILY"


def test_limits_the_length_of_a_rule():
    longest = "FREQ=DAILY".ljust(200)

    assert str(read_rule(longest)) == "FREQ=DAILY"
    with pytest.raises(RuleRefused, match="at most 200 characters"):
        read_rule(longest + " ")


@pytest.mark.parametrize(
    ("rule", "end", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", {}, "FREQ=DAILY"),
        (
            "FREQ=DAILY;COUNT=3;INTERVAL=2",
            {"count": 5},
            "FREQ=DAILY;INTERVAL=2;COUNT=5",
        ),
        (
            "FREQ=WEEKLY;UNTIL=20270101;BYDAY=MO",
            {"until": date(2027, 3, 1)},
            "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301",
        ),
    ],
)
def test_gives_a_rule_another_end(rule, end, expected):
    assert with_end(rule, **end) == expected
