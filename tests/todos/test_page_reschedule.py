"""Moving a task to another day, and all overdue tasks at once."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import BrowserSession
from tests.changes import caller_of, last_change
from tests.factories import TaskFactory
from tests.todos.pages import asks_to_sign_in, assert_does_not_exist, kinds
from todos import actions
from todos.models import Change, Task
from todos.pages import reschedule
from todos.pages.choices import day_choices
from todos.schedule.days import Clock

pytestmark = pytest.mark.any_database


@pytest.fixture
def today(alice):
    return timezone.now().date()  # her time zone is UTC


def url_of(task):
    return reverse("todos:task-date", args=[task.pk])


def undo(client, owner):
    return client.post(reverse("todos:undo", args=[last_change(owner).batch]))


# --- The days that are offered ----------------------------------------------------


def offered(alice, at, zone="UTC"):
    clock = Clock(now=at, zone=ZoneInfo(zone))
    return {one.name: one.words for one in day_choices(alice, clock)}


def test_offers_the_days_that_quick_add_understands(alice):
    assert offered(alice, datetime(2026, 11, 25, 12, tzinfo=UTC)) == {
        "Today": "Wed 25 Nov",
        "Tomorrow": "Thu 26 Nov",
        "Weekend": "Sat 28 Nov",
        "Next week": "Mon 30 Nov",
    }


@pytest.mark.parametrize("day", [28, 29])
def test_offers_the_next_weekend_on_a_weekend(alice, day):
    days = offered(alice, datetime(2026, 11, day, 12, tzinfo=UTC))

    assert days["Next weekend"] == "Sat 5 Dec"


def test_the_next_week_begins_on_the_day_of_the_user(alice):
    alice.week_start = "sunday"

    days = offered(alice, datetime(2026, 11, 25, 12, tzinfo=UTC))

    assert days["Next week"] == "Sun 29 Nov"


def test_the_days_are_those_of_the_time_zone(alice):
    days = offered(alice, datetime(2026, 11, 25, 20, tzinfo=UTC), "Asia/Tokyo")

    assert days["Today"] == "Thu 26 Nov"


# --- One task ---------------------------------------------------------------------


def test_shows_the_choices_and_the_present_date(page_as, alice, today):
    task = TaskFactory(owner=alice, title="Buy milk", due_date=today)

    page = page_as(alice).get(url_of(task) + "?next=/inbox/").content.decode()

    assert 'id="popover-content"' in page
    assert f'value="{today.isoformat()}"' in page
    assert 'aria-pressed="true"' in page
    assert 'name="next" value="/inbox/"' in page


def test_moves_the_date_and_keeps_time_and_reminder(page_as, alice, today):
    task = TaskFactory(
        owner=alice, due_date=today, due_time=time(9), reminder_minutes=10
    )
    tomorrow = today + timedelta(1)
    client = page_as(alice)

    response = client.post(
        url_of(task), {"due_date": tomorrow, "next": "/inbox/"}, follow=True
    )

    assert "Moved to tomorrow: " in response.content.decode()
    moved = Task.objects.get()
    assert (moved.due_date, moved.due_time) == (tomorrow, time(9))
    assert moved.reminder_minutes == 10
    undo(client, alice)
    assert Task.objects.get().due_date == today


def test_sets_a_date_with_a_time(page_as, alice):
    task = TaskFactory(owner=alice)

    page_as(alice).post(url_of(task), {"due_date": "2027-03-01", "due_time": "17:30"})

    moved = Task.objects.get()
    assert (moved.due_date, moved.due_time) == (date(2027, 3, 1), time(17, 30))


def test_says_that_the_reminder_is_removed_with_the_date(page_as, alice, today):
    task = TaskFactory(
        owner=alice, due_date=today, due_time=time(9), reminder_minutes=10
    )

    response = page_as(alice).post(url_of(task), {"due_date": ""}, follow=True)

    assert "Date removed, without the reminder: " in response.content.decode()
    moved = Task.objects.get()
    assert (moved.due_date, moved.due_time) == (None, None)
    assert moved.reminder_minutes is None


def test_a_second_time_has_no_effect(page_as, alice, today):
    task = TaskFactory(owner=alice)
    client = page_as(alice)

    for _ in range(2):
        response = client.post(url_of(task), {"due_date": today + timedelta(1)})

    assert response.status_code == 303
    assert kinds(alice) == ["updated"]


@pytest.mark.parametrize(
    ("entered", "reason"),
    [
        ({"due_date": "soon"}, "Enter a valid date."),
        ({"due_date": "3000-01-01"}, "Enter a date until 2999-12-31."),
        ({"due_date": "", "due_time": "10:00"}, "A time needs a due date."),
        ({"due_date": "2027-01-01", "due_time": "later"}, "Enter a valid time."),
        ({}, "Choose a day."),
    ],
)
def test_explains_what_is_wrong_and_keeps_the_input(page_as, alice, entered, reason):
    task = TaskFactory(owner=alice)

    page = page_as(alice).post(url_of(task), entered).content.decode()

    assert reason in page
    assert all(f'value="{value}"' in page for value in entered.values() if value)
    assert kinds(alice) == []


def test_a_repeating_task_keeps_a_date(page_as, alice, today):
    task = TaskFactory(owner=alice, due_date=today, rrule="FREQ=DAILY")
    client = page_as(alice)

    assert "No date" not in client.get(url_of(task)).content.decode()
    page = client.post(url_of(task), {"due_date": ""}).content.decode()

    assert "A repeating task needs a due date." in page


def test_shows_a_message_for_a_task_that_was_deleted_meanwhile(page_as, alice, today):
    trashed, removed = TaskFactory.create_batch(2, owner=alice)
    actions.trash_task(caller_of(alice), task_id=trashed.pk)
    actions.trash_task(caller_of(alice), task_id=removed.pk)
    actions.remove_task(caller_of(alice), task_id=removed.pk)
    client = page_as(alice)

    for task, reason in [(trashed, "restore it first"), (removed, "no longer exists")]:
        response = client.post(url_of(task), {"due_date": today}, follow=True)
        assert reason in response.content.decode()
    assert kinds(alice) == []


def test_requires_a_sign_in_and_keeps_the_choice(page_as, alice, today):
    task = TaskFactory(owner=alice)
    client = page_as(alice)
    page = client.get(url_of(task)).content.decode()
    mark = page.split('name="page_of" value="')[1].split('"')[0]
    BrowserSession.objects.all().delete()

    response = client.post(url_of(task), {"due_date": "2027-03-01", "page_of": mark})

    assert asks_to_sign_in(response)
    assert "draft" in response.url
    assert kinds(alice) == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_hides_a_task_of_another_user(page_as, alice, bob, method):
    task = TaskFactory(owner=alice)

    assert_does_not_exist(
        page_as(bob), "todos:task-date", task.pk, method=method, due_date="2027-03-01"
    )
    assert kinds(alice) == []


@pytest.mark.parametrize(
    ("page", "days", "stays"),
    [
        ("/", 0, True),
        ("/", 1, False),
        ("/upcoming/", 1, True),
        ("/upcoming/", 0, False),
        ("/inbox/?upto=100", 1, True),
    ],
)
def test_returns_to_the_row_or_to_the_next_one(
    page_as, alice, today, page, days, stays
):
    task, following = TaskFactory.create_batch(2, owner=alice)

    response = page_as(alice).post(
        url_of(task),
        {
            "due_date": today + timedelta(days),
            "next": f"{page}#task-{following.pk}",
        },
    )

    row = task if stays else following
    assert (response.status_code, response.url) == (303, f"{page}#task-{row.pk}")


def test_takes_few_queries(page_as, alice, today, django_assert_max_num_queries):
    task = TaskFactory(owner=alice)
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        client.get(url_of(task) + f"?next={quote('/inbox/#task-1')}")


# --- All overdue tasks ------------------------------------------------------------


@pytest.mark.parametrize(("to", "days"), [("today", 0), ("tomorrow", 1)])
def test_moves_all_overdue_tasks_in_one_batch(page_as, alice, bob, today, to, days):
    yesterday = today - timedelta(1)
    overdue = [
        TaskFactory(owner=alice, due_date=yesterday),
        TaskFactory(owner=alice, due_date=today - timedelta(30), due_time=time(9)),
        TaskFactory(owner=alice, due_date=yesterday, rrule="FREQ=DAILY"),
    ]
    other = TaskFactory(owner=alice, due_date=today + timedelta(9))
    foreign = TaskFactory(owner=bob, due_date=yesterday)
    client = page_as(alice)

    response = client.post(reverse("todos:overdue"), {"to": to}, follow=True)

    assert f"Moved 3 overdue tasks to {to}" in response.content.decode()
    moved = Task.objects.filter(due_date=today + timedelta(days))
    assert {one.pk for one in moved} == {one.pk for one in overdue}
    assert moved.get(pk=overdue[1].pk).due_time == time(9)
    assert Task.objects.get(pk=other.pk).due_date == other.due_date
    assert Task.objects.get(pk=foreign.pk).due_date == yesterday
    undo(client, alice)
    assert Task.objects.filter(owner=alice, due_date__lt=today).count() == 3


def test_moves_a_limited_number_and_says_how_many_are_left(
    page_as, alice, today, monkeypatch
):
    monkeypatch.setattr(reschedule.actions, "TASKS_MAX", 2)
    TaskFactory.create_batch(3, owner=alice, due_date=today - timedelta(1))
    client = page_as(alice)

    response = client.post(reverse("todos:overdue"), {"to": "tomorrow"}, follow=True)

    assert "Moved 2 of 3 overdue tasks to tomorrow" in response.content.decode()
    client.post(reverse("todos:overdue"), {"to": "tomorrow"})
    assert not Task.objects.filter(due_date__lt=today).exists()


def test_moving_overdue_tasks_twice_is_harmless(page_as, alice, today):
    TaskFactory(owner=alice, due_date=today - timedelta(1))
    TaskFactory(owner=alice, due_date=today, due_time=time(0))  # past, but of today
    client = page_as(alice)

    for _ in range(2):
        response = client.post(reverse("todos:overdue"), {"to": "today"}, follow=True)

    assert "No task is left to move" in response.content.decode()
    assert kinds(alice) == ["updated"]


def test_asks_where_to_move_overdue_tasks(page_as, alice, today):
    TaskFactory(owner=alice, due_date=today - timedelta(1))
    client = page_as(alice)

    assert "Move 1 overdue task?" in client.get("/overdue/").content.decode()
    response = client.post("/overdue/", {"to": "never"}, follow=True)

    assert "Choose today or tomorrow." in response.content.decode()
    assert Change.objects.filter(kind="updated").count() == 0
