"""What rows open: menus, dates, and the bar below selected tasks."""

from django.urls import reverse

from tests.browser.registry import PHONE, state, state_with, today
from tests.browser.states.lists import LONG, RIGHT_TO_LEFT
from tests.factories import TaskFactory, TaskListFactory

LABELS = ("errand", "Kraftfahrzeughaftpflichtversicherung", "phone")


def a_task(user, **fields):
    """Create a task with all that its menu shows, and lists to move it to."""
    for name in ("Home", "Work", LONG[:80], RIGHT_TO_LEFT):
        TaskListFactory(owner=user, name=name)
    values = {"title": "Buy milk", "labels": LABELS, "due_date": today(), **fields}
    return TaskFactory(owner=user, **values)


def some_tasks(user):
    """Create tasks in the inbox, one of which repeats."""
    for title in ("Buy milk", LONG, RIGHT_TO_LEFT):
        TaskFactory(owner=user, title=title, due_date=today(), labels=LABELS)
    return TaskFactory(
        owner=user, title="Water the plants", due_date=today(), rrule="FREQ=DAILY"
    )


@state
def menu_of_a_task(visit):
    task = a_task(visit.sign_in(), rrule="FREQ=DAILY")
    visit.go(reverse("todos:task-menu", args=[task.pk]) + "?next=/inbox/")


@state
def lists_for_a_task(visit):
    task = a_task(visit.sign_in())
    visit.go(reverse("todos:task-lists", args=[task.pk]) + "?next=/inbox/")


@state
def labels_of_a_task(visit):
    task = a_task(visit.sign_in(), title=RIGHT_TO_LEFT)
    visit.go(reverse("todos:task-labels", args=[task.pk]) + "?next=/inbox/")


@state
def date_of_a_task(visit):
    task = a_task(visit.sign_in(), title=LONG)
    visit.go(reverse("todos:task-date", args=[task.pk]))


@state
def date_of_a_task_refused(visit):
    task = a_task(visit.sign_in())
    visit.go(reverse("todos:task-date", args=[task.pk]))
    visit.page.get_by_label("Date", exact=True).fill("")
    visit.page.get_by_label("Time").fill("09:00")
    visit.page.get_by_role("button", name="Save").click()
    visit.page.get_by_role("alert").wait_for()


@state
def order_of_a_list(visit):
    own = TaskListFactory(owner=visit.sign_in(), name="Home")
    visit.go(reverse("todos:list-move", args=[own.pk]))


@state
def overdue_tasks(visit):
    TaskFactory(owner=visit.sign_in(), due_date=today(-1))
    visit.go("/overdue/")


@state
def today_with_a_step(visit):
    alice = visit.sign_in()
    shopping = TaskFactory(owner=alice, title="Shopping for the week")
    for title in ("Dish soap", LONG):
        TaskFactory(owner=alice, title=title, parent_id=shopping.pk, due_date=today(-1))
    visit.go("/")


@state
def selecting(visit):
    some_tasks(visit.sign_in())
    visit.go("/inbox/?select=all")


@state
def selecting_a_day(visit):
    some_tasks(visit.sign_in())
    visit.go("/?select=1")
    visit.page.get_by_role("button", name="Date").click()


@state_with(viewport=PHONE)
def selecting_a_label_on_a_phone(visit):
    some_tasks(visit.sign_in())
    visit.go("/inbox/?select=1")
    visit.page.get_by_role("button", name="Label").click()


@state
def selected_tasks_refused(visit):
    some_tasks(visit.sign_in())
    visit.go("/inbox/?select=all")
    visit.page.get_by_role("button", name="Date").click()
    visit.page.get_by_role("button", name="No date").click()
    visit.page.get_by_role("alert").wait_for()
