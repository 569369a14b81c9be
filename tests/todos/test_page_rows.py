from datetime import date, time

import pytest

from todos.models import Task
from todos.pages.rows import TaskRow, day_words

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 21), "Yesterday"),
        (date(2026, 11, 22), "Today"),
        (date(2026, 11, 23), "Tomorrow"),
        (date(2026, 11, 27), "Fri 27 Nov"),
        (date(2026, 11, 20), "Fri 20 Nov"),
        (date(2027, 1, 4), "Mon 4 Jan 2027"),
    ],
)
def test_names_a_day(day, words):
    assert day_words(day, today=TODAY) == words


def test_says_how_it_repeats():
    task = Task(rrule="FREQ=WEEKLY;INTERVAL=6", rrule_anchor="completion")

    assert TaskRow(task, TODAY).repeat == "6 weeks after completion"
    assert TaskRow(Task(), TODAY).repeat == ""


def test_names_a_zone_that_is_not_the_persons_own():
    task = Task(due_date=TODAY, due_time=time(9), due_tz="Asia/Tokyo")

    assert TaskRow(task, TODAY, timezone="Europe/Berlin").time == "09:00 (Asia/Tokyo)"
    assert TaskRow(task, TODAY, timezone="Asia/Tokyo").time == "09:00"


def test_says_a_priority_only_where_it_tells_something():
    assert TaskRow(Task(priority=1), TODAY).priority == "Urgent"
    assert TaskRow(Task(priority=3), TODAY).priority == ""
