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
def test_shows_a_day_in_words(day, words):
    assert day_words(day, today=TODAY) == words


def test_shows_the_recurrence_in_words():
    task = Task(rrule="FREQ=WEEKLY;INTERVAL=6", rrule_anchor="completion")

    assert TaskRow(task, TODAY).repeat == "6 weeks after completion"
    assert TaskRow(Task(), TODAY).repeat == ""


def test_shows_a_time_zone_other_than_the_users():
    task = Task(due_date=TODAY, due_time=time(9), due_tz="Asia/Tokyo")

    assert TaskRow(task, TODAY, timezone="Europe/Berlin").time == "09:00 (Asia/Tokyo)"
    assert TaskRow(task, TODAY, timezone="Asia/Tokyo").time == "09:00"


def test_shows_no_default_priority():
    assert TaskRow(Task(priority=1), TODAY).priority == "Urgent"
    assert TaskRow(Task(priority=3), TODAY).priority == ""
