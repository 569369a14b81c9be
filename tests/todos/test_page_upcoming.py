"""Upcoming: weeks and days, the chart of the load, and the small calendar."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory
from tests.todos.pages import asks_to_sign_in, image_of

URL = reverse("todos:task-upcoming")


def test_groups_upcoming_tasks_by_day(page_as, alice):
    today = timezone.now().date()
    for days in (0, 1, 1, 40):
        TaskFactory(owner=alice, due_date=today + timedelta(days))

    groups = page_as(alice).get(URL).context["groups"]

    # The next seven days have a heading even without tasks.
    assert [len(group.rows) for group in groups] == [2, 0, 0, 0, 0, 0, 0, 1]
    assert groups[0].heading == "Tomorrow"


@pytest.mark.parametrize(
    ("week_start", "begins"),
    [("monday", "2026-12-07"), ("sunday", "2026-12-06"), ("saturday", "2026-12-05")],
)
def test_weeks_begin_on_the_day_that_the_user_chose(
    page_as, alice, monkeypatch, week_start, begins
):
    alice.week_start = week_start
    alice.save(update_fields=["week_start"])
    at(monkeypatch, datetime(2026, 12, 1, 12, tzinfo=UTC))  # a Tuesday
    for day in range(2, 20):
        TaskFactory(owner=alice, due_date=date(2026, 12, day))

    context = page_as(alice).get(URL).context

    this, following, *_ = context["weeks"]
    assert (this.heading, following.heading) == ("This week", "Next week")
    assert this.days[0].date == date(2026, 12, 2)
    assert following.days[0].date == date.fromisoformat(begins)
    first = context["calendar"][1][0].date
    assert first == date.fromisoformat(begins)


def at(monkeypatch, now):
    monkeypatch.setattr("todos.pages.navigation.timezone.now", lambda: now)


def test_the_chart_shows_two_weeks_and_marks_today(page_as, alice, bob):
    today = timezone.now().date()
    for days in (0, 13, 13, 14):
        TaskFactory(owner=alice, due_date=today + timedelta(days))
    TaskFactory(owner=bob, due_date=today)

    response = page_as(alice).get(URL)

    load = response.context["load"]
    assert [bar.value for bar in load] == [1, *[0] * 12, 2]
    assert [bar.is_now for bar in load] == [True, *[False] * 13]
    chart = image_of(response.context["chart"])
    assert len(chart.findall(".//rect")) == 14
    assert len(chart.findall("./g[@class='now']")) == 1
    assert "style" not in response.context["chart"]


def test_begins_at_the_chosen_day(page_as, alice):
    today = timezone.now().date()
    earlier, later = (
        TaskFactory(owner=alice, due_date=today + timedelta(days)) for days in (2, 40)
    )

    response = page_as(alice).get(URL, {"from": str(today + timedelta(39))})

    assert list(response.context["object_list"]) == [later]
    assert response.context["groups"][0].date == today + timedelta(39)
    assert response.context["quick"].initial == {"due_date": str(today + timedelta(39))}
    assert earlier not in response.context["object_list"]


@pytest.mark.parametrize(
    "value", ["", "x", "0001-01-01", "2026-13-01", "9999-12-31", "2999-12-31", "\0"]
)
def test_another_date_in_the_url_is_ignored(page_as, alice, value):
    task = TaskFactory(owner=alice, due_date=timezone.now().date() + timedelta(1))

    response = page_as(alice).get(URL, {"from": value})

    assert list(response.context["object_list"]) == [task]


def test_days_after_the_last_row_are_not_shown_as_empty(page_as, alice):
    day = timezone.now().date() + timedelta(2)
    TaskFactory.create_batch(51, owner=alice, due_date=day)

    response = page_as(alice).get(URL)

    assert [len(group.rows) for group in response.context["groups"]] == [0, 50]


def test_the_navigation_counts_as_today_does(page_as, alice):
    alice.day_start = 4
    alice.save(update_fields=["day_start"])
    today = timezone.now().date()
    for fields in (
        {"due_date": today - timedelta(5)},
        {"due_date": today, "due_time": time(5), "due_tz": "Asia/Tokyo"},
        {"due_date": today + timedelta(1), "due_time": time(3)},
        {"due_date": today + timedelta(1)},
    ):
        TaskFactory(owner=alice, **fields)
    browser = page_as(alice)

    upcoming = browser.get(URL).context["navigation"].today_count
    today_page = browser.get(reverse("todos:task-today"))

    assert upcoming == len(today_page.context["object_list"]) >= 1


def test_takes_few_queries(page_as, alice, django_assert_max_num_queries):
    browser = page_as(alice)
    for days in range(60):
        day = timezone.now().date() + timedelta(days)
        TaskFactory(owner=alice, due_date=day, labels=["home"])

    with django_assert_max_num_queries(6):
        browser.get(URL)


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    TaskFactory(owner=alice, due_date=timezone.now().date() + timedelta(1))

    response = page_as(bob).get(URL)

    assert not any(group.rows for group in response.context["groups"])
    assert not any(bar.value for bar in response.context["load"])


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405
