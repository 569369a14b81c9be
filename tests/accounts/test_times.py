from datetime import UTC, datetime, time

import pytest
from django.urls import reverse

from accounts.templatetags.times import clock
from accounts.times import time_words
from tests.factories import TaskFactory, UserFactory
from todos.reminders.mail import due_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "day", "half"),
    [
        (time(0, 5), "00:05", "12:05 am"),
        (time(9), "09:00", "9:00 am"),
        (time(12), "12:00", "12:00 pm"),
        (time(17, 30, 5), "17:30:05", "5:30:05 pm"),
    ],
)
def test_shows_a_time_by_either_clock(at, day, half):
    assert time_words(at, "24h") == day
    assert time_words(at, "12h") == half


def test_shows_an_instant_to_the_minute():
    assert clock(datetime(2027, 1, 5, 17, 30, 59, tzinfo=UTC), "12h") == "5:30 pm"


def test_pages_and_mails_follow_the_clock_of_the_user(page_as, db):
    user = UserFactory(clock="12h")
    task = TaskFactory(owner=user, due_date=NOW.date(), due_time=time(17, 30))

    page = page_as(user).get(reverse("todos:task-today")).text

    assert "5:30 pm" in page
    assert due_words(task, owner=user, at=NOW).endswith(", at 5:30 pm")
