"""One task: its details and the form for it."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.registry import state, state_with, today
from tests.browser.states.lists import LONG
from tests.changes import caller_of
from tests.factories import TaskFactory
from todos import actions


@state
def task_new(visit):
    visit.sign_in()
    visit.go("/tasks/new/")


@state
def task_new_refused(visit):
    visit.sign_in()
    visit.go("/tasks/new/")
    visit.page.get_by_label("Title").fill("Pay the rent")
    visit.page.get_by_label("Due time").fill("10:00")
    visit.page.get_by_role("button", name="Add task").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("A time needs a due date.")


@state
def task(visit):
    task = TaskFactory(
        owner=visit.sign_in(),
        title=LONG,
        notes="# Trip\n\n- *tickets*\n- `passport`\n\n" + "x" * 400,
        labels=["errand"],
        due_date=today(),
        rrule="FREQ=MONTHLY",
        priority=1,
    )
    visit.go(reverse("todos:task-update", args=[task.pk]))


@state_with(409)
def task_deleted_elsewhere(visit):
    alice = visit.sign_in()
    task = TaskFactory(owner=alice, title="Buy milk")
    visit.go(reverse("todos:task-update", args=[task.pk]))
    actions.trash_task(caller_of(alice), task_id=task.pk)
    visit.page.get_by_label("Title").fill("Buy oat milk")
    visit.page.get_by_role("button", name="Save").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("was moved to the trash")
