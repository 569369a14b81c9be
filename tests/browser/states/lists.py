"""Today, Inbox, Upcoming, Completed, the trash, and lists."""

from datetime import time, timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.registry import PHONE, state, state_with, today
from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory
from todos import actions

LONG = "Rindfleischetikettierungsüberwachungsaufgabe" * 7  # 300 letters
RIGHT_TO_LEFT = "לקנות חלב וביצים לסוף השבוע"


def fill_today(user):
    """Create 50 tasks that are overdue or due today, with everything a row shows."""
    home = TaskListFactory(owner=user, name="Home", colour="green")
    work = TaskListFactory(owner=user, name="Work", colour="blue")
    for number in range(50):
        TaskFactory(
            owner=user,
            title=f"Write chapter {number + 1} of the handbook",
            notes="The **outline** is in the shared folder." if number % 5 == 0 else "",
            list_id=[None, home.pk, work.pk][number % 3],
            labels=["errand"] if number % 4 == 0 else [],
            due_date=today(-1 if number < 5 else 0),
            due_time=time(9, 30) if number % 6 == 0 else None,
            rrule="FREQ=WEEKLY" if number % 7 == 0 else "",
            priority=number % 4 + 1,
        )
    return home


def extremes(user):
    """Create tasks with the longest words, another direction, and emoji."""
    for title in (LONG, RIGHT_TO_LEFT, "🎉 Party 🎂 for 👩‍👩‍👧‍👦 at 🏡", "Buy milk"):
        TaskFactory(
            owner=user,
            title=title,
            notes="x" * 400,
            labels=["Kraftfahrzeughaftpflichtversicherung"],
            list_id=TaskListFactory(owner=user, name=LONG[:80]).pk,
            due_date=today(),
            rrule="FREQ=DAILY;INTERVAL=2",
            priority=1,
        )


@state
def today_empty(visit):
    visit.sign_in()
    visit.go("/")


@state
def today_full(visit):
    fill_today(visit.sign_in())
    visit.go("/")


@state
def today_extremes(visit):
    extremes(visit.sign_in())
    visit.go("/")


@state
def today_after_a_tick(visit):
    alice = visit.sign_in()
    for title in ("Buy milk", "Water the plants"):
        TaskFactory(owner=alice, title=title, due_date=today())
    visit.go("/")
    visit.page.get_by_role("button", name="Complete: Buy milk").click()
    expect(visit.page.get_by_role("status")).to_contain_text("Completed: Buy milk")


@state_with(viewport=PHONE)
def navigation_on_a_phone(visit):
    alice = visit.sign_in()
    for name in ("Home", LONG[:80]):
        TaskListFactory(owner=alice, name=name)
    visit.go("/")
    visit.page.get_by_role("button", name="Menu").click()


@state
def inbox(visit):
    alice = visit.sign_in()
    for title in ("Buy milk", "Water the plants"):
        TaskFactory(owner=alice, title=title)
    visit.go("/inbox/")


@state
def inbox_empty(visit):
    visit.sign_in()
    visit.go("/inbox/")


@state
def upcoming(visit):
    alice = visit.sign_in()
    for days in (1, 1, 2, 6, 9, 40):
        TaskFactory(owner=alice, due_date=today(days))
    visit.go("/upcoming/")


@state
def upcoming_empty(visit):
    visit.sign_in()
    visit.go("/upcoming/")


@state
def completed(visit):
    alice = visit.sign_in()
    for days in (0, 0, 1, 8):
        task = TaskFactory(owner=alice, at=timezone.now() - timedelta(9))
        done_at = timezone.now() - timedelta(days)
        actions.complete_task(caller_of(alice, done_at), task_id=task.pk)
    visit.go("/completed/")


@state
def completed_empty(visit):
    visit.sign_in()
    visit.go("/completed/")


@state
def trash(visit):
    alice = visit.sign_in()
    caller = caller_of(alice)
    for title in ("Buy milk", LONG):
        task = TaskFactory(owner=alice, title=title)
        actions.trash_task(caller, task_id=task.pk)
    actions.trash_list(caller, list_id=TaskListFactory(owner=alice, name="Home").pk)
    visit.go("/trash/")


@state
def trash_empty(visit):
    visit.sign_in()
    visit.go("/trash/")


@state
def trash_delete_permanently(visit):
    alice = visit.sign_in()
    task = TaskFactory(owner=alice, title="Buy milk")
    actions.trash_task(caller_of(alice), task_id=task.pk)
    visit.go(reverse("todos:task-remove", args=[task.pk]))


@state
def a_list(visit):
    alice = visit.sign_in()
    home = fill_today(alice)
    visit.go(reverse("todos:list-detail", args=[home.pk]))


@state
def a_list_empty(visit):
    home = TaskListFactory(owner=visit.sign_in(), name="Home")
    visit.go(reverse("todos:list-detail", args=[home.pk]))


@state
def a_list_archived(visit):
    alice = visit.sign_in()
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, list_id=home.pk)
    caller = caller_of(alice)
    changes = {"archived_at": timezone.now()}
    actions.update_list(caller, list_id=home.pk, changes=changes)
    visit.go(reverse("todos:list-detail", args=[home.pk]))


@state
def list_new(visit):
    visit.sign_in()
    visit.go("/lists/new/")


@state
def list_new_refused(visit):
    visit.sign_in()
    visit.go("/lists/new/")
    visit.page.get_by_role("button", name="Create list").click()


@state
def list_edit(visit):
    home = TaskListFactory(owner=visit.sign_in(), name="Home")
    visit.go(reverse("todos:list-update", args=[home.pk]))


@state
def list_delete(visit):
    alice = visit.sign_in()
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, list_id=home.pk)
    visit.go(reverse("todos:list-delete", args=[home.pk]))


@state
def undo(visit):
    alice = visit.sign_in()
    task = TaskFactory(owner=alice, title="Buy milk")
    actions.trash_task(caller_of(alice), task_id=task.pk)
    visit.go(reverse("todos:undo", args=[last_change(alice).batch]))


@state_with(404)
def absent_page(visit):
    visit.sign_in()
    visit.go("/lists/nowhere/")
