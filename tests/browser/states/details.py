"""One task: its details and the form for it."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.registry import state, state_with, today
from tests.browser.states.lists import LONG
from tests.changes import caller_of
from tests.factories import TaskFactory
from todos import actions


def rich_task(visit):
    alice = visit.sign_in()
    task = TaskFactory(
        owner=alice,
        title=LONG,
        notes="# Trip\n\n- *tickets*\n- `passport`\n\n" + "x" * 400,
        labels=["errand"],
        due_date=today(),
        rrule="FREQ=MONTHLY",
        priority=1,
    )
    for title in (LONG, "Pack"):
        TaskFactory(owner=alice, title=title, parent_id=task.pk, due_date=today())
    return task


@state
def task_beside_the_list(visit):
    visit.go(f"/inbox/?task={rich_task(visit).pk}")


@state
def task_alone(visit):
    visit.go(reverse("todos:task-detail", args=[rich_task(visit).pk]))


@state
def task_with_the_fields_open(visit):
    task = rich_task(visit)
    visit.go(f"/inbox/?task={task.pk}&edit=notes")
    visit.page.get_by_text("Words, end, next dates").click()
    visit.page.get_by_role("button", name="More actions").click()


@state
def task_history(visit):
    task = rich_task(visit)
    visit.go(reverse("todos:task-history", args=[task.pk]))


@state
def task_in_the_trash(visit):
    task = rich_task(visit)
    actions.trash_task(caller_of(task.owner), task_id=task.pk)
    visit.go(f"/trash/?task={task.pk}")


@state_with(409)
def task_changed_elsewhere(visit):
    task = rich_task(visit)
    visit.go(reverse("todos:task-detail", args=[task.pk]))
    changes = {"title": "Plan the trip"}
    actions.update_task(caller_of(task.owner), task_id=task.pk, changes=changes)
    visit.page.get_by_label("Title").fill("Plan the journey")
    visit.page.get_by_label("Title").blur()
    expect(visit.page.get_by_role("alert")).to_contain_text("was changed elsewhere")


@state_with(409)
def task_deleted_elsewhere(visit):
    alice = visit.sign_in()
    task = TaskFactory(owner=alice, title="Buy milk")
    visit.go(reverse("todos:task-detail", args=[task.pk]))
    actions.trash_task(caller_of(alice), task_id=task.pk)
    visit.page.get_by_label("Title").fill("Buy oat milk")
    visit.page.get_by_label("Title").blur()
    expect(visit.page.get_by_role("alert")).to_contain_text("was moved to the trash")
