"""The pages of tasks in a real browser, with and without JavaScript."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import BrowserSession
from tests.changes import caller_of, last_change
from tests.factories import PASSWORD, TaskFactory, TaskListFactory
from todos import actions
from todos.models import Task, TaskList


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, signed_in):
    return signed_in(java_script_enabled=request.param)


def status(page):
    return page.get_by_role("status")


def saves(page, button):
    """Leave the field, which saves with script; press the button without."""
    shown = page.get_by_role("button", name=button)
    if shown.is_visible():
        shown.click()
    else:
        page.keyboard.press("Tab")


def test_adds_edits_completes_and_reopens_a_task(page, alice):
    page.goto("/")
    page.get_by_label("New task").fill("Buy milk")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(status(page)).to_contain_text("Added: Buy milk")

    page.get_by_role("link", name="Buy milk", exact=True).click()
    page.get_by_label("Title").fill("Buy oat milk")
    saves(page, "Save the title")
    expect(status(page)).to_contain_text("Renamed: Buy oat milk")
    page.get_by_role("link", name="Close the details").click()
    expect(page.locator("#details")).to_have_count(0)

    page.get_by_role("button", name="Complete: Buy oat milk").click()
    expect(status(page)).to_contain_text("Completed: Buy oat milk")
    expect(page.get_by_text("Nothing is due today")).to_be_visible()
    assert Task.objects.get(owner=alice).is_completed

    page.goto("/completed/")
    page.get_by_role("button", name="Reopen: Buy oat milk").click()
    expect(status(page)).to_contain_text("Reopened: Buy oat milk")
    assert not Task.objects.get(owner=alice).is_completed


def test_deletes_and_restores_a_task(page, alice):
    TaskFactory(owner=alice, title="Buy milk")
    page.goto("/inbox/")

    page.get_by_role("listitem").filter(has_text="Buy milk").hover()
    page.get_by_role("link", name="More: Buy milk").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(status(page)).to_contain_text("Moved to the trash: Buy milk")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("link", name="Buy milk", exact=True)).to_be_visible()

    page.get_by_role("listitem").filter(has_text="Buy milk").hover()
    page.get_by_role("link", name="More: Buy milk").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="Buy milk", exact=True)).to_have_count(0)
    page.goto("/trash/")
    page.get_by_role("button", name="Restore: Buy milk").click()
    expect(status(page)).to_contain_text("Restored to Inbox: Buy milk")
    assert Task.objects.get(owner=alice).trashed_at is None


def test_deletes_a_task_permanently_after_a_confirmation(page, alice):
    task = TaskFactory(owner=alice, title="Buy milk")
    now = timezone.now()
    actions.trash_task(caller_of(alice, now), task_id=task.pk)
    page.goto("/trash/")

    page.get_by_role("link", name="Delete permanently: Buy milk").click()
    page.get_by_role("button", name="Delete permanently").click()

    expect(status(page)).to_contain_text("Deleted permanently")
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert not Task.objects.exists()


def test_undo_restores_the_open_steps(page, alice):
    task = TaskFactory(owner=alice, title="Prepare the talk")
    steps = TaskFactory.create_batch(3, owner=alice, parent_id=task.pk)
    actions.complete_task(caller_of(alice), task_id=steps[0].pk)
    page.goto("/inbox/")

    page.get_by_role("button", name="Complete: Prepare the talk").click()
    page.get_by_role("button", name="Undo", exact=True).click()

    expect(status(page)).to_contain_text("Undone.")
    assert task.steps.completed().count() == 1


def sign_in(page):
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_keeps_the_input_when_the_session_has_ended(page, alice):
    page.goto("/")
    page.get_by_label("New task").fill("Buy milk")
    BrowserSession.objects.all().delete()

    page.get_by_role("button", name="Add", exact=True).click()
    sign_in(page)

    expect(status(page)).to_contain_text("Your text has been restored")
    expect(page.get_by_label("New task")).to_have_value("Buy milk")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(status(page)).to_contain_text("Added: Buy milk")
    expect(page).to_have_url(re.compile(r"//[^/]+/(#quick-add-line)?$"))


def test_asks_for_confirmation_when_the_session_has_ended(page, alice):
    TaskFactory(owner=alice, title="Buy milk")
    page.goto("/inbox/")
    BrowserSession.objects.all().delete()

    page.get_by_role("button", name="Complete: Buy milk").click()
    sign_in(page)

    expect(page.get_by_role("heading", name="Complete “Buy milk”?")).to_be_visible()
    page.get_by_role("button", name="Complete").click()
    expect(status(page)).to_contain_text("Completed: Buy milk")


def test_restores_a_task_deleted_while_it_was_edited(page, alice):
    task = TaskFactory(owner=alice, title="Buy milk")
    page.goto(reverse("todos:task-detail", args=[task.pk]))
    page.get_by_label("Title").fill("Buy oat milk")
    actions.trash_task(caller_of(alice), task_id=task.pk)

    saves(page, "Save the title")
    expect(page.get_by_role("alert")).to_contain_text("was moved to the trash")
    page.get_by_role("button", name="Restore and save").click()

    expect(status(page)).to_contain_text("Renamed: Buy oat milk")


def test_creates_a_list_and_a_task_in_it(page, alice):
    page.goto("/")
    page.get_by_role("link", name="New list").first.click()
    page.get_by_label("Name").fill("Garden")
    page.get_by_text("Teal").click()
    page.get_by_role("button", name="Create list").click()
    expect(page.get_by_role("heading", name="Garden", level=1)).to_be_visible()

    page.get_by_label("New task").fill("Water the tomatoes")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(
        page.get_by_role("link", name="Water the tomatoes", exact=True)
    ).to_be_visible()
    expect(page.get_by_role("link", name="Garden 1 open")).to_be_visible()
    garden = TaskList.objects.get(owner=alice, is_inbox=False)
    assert garden.colour == "teal"
    assert Task.objects.get(owner=alice).list == garden


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no-script"])
def test_opens_the_menu_on_a_small_screen(signed_in, alice, has_script):
    page = signed_in(
        java_script_enabled=has_script, viewport={"width": 320, "height": 640}
    )
    page.goto("/")
    expect(page.get_by_role("link", name="Completed")).to_be_hidden()

    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Completed").click()

    expect(page).to_have_title("Completed · Ownlist")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_into_320_pixels(signed_in, alice, scheme):
    home = TaskListFactory(owner=alice, name="Donaudampfschifffahrtsgesellschaft" * 2)
    now = timezone.now()
    for days in (-1, 0, 1):
        task = TaskFactory(
            owner=alice,
            title="Rindfleischetikettierungsüberwachungsaufgabe" * 3,
            notes="x" * 400,
            labels=["Kraftfahrzeughaftpflichtversicherung"],
            list_id=home.pk,
            due_date=now.date() + timedelta(days),
            rrule="FREQ=DAILY;INTERVAL=2",
            priority=1,
        )
    gone = TaskFactory(owner=alice, title="x" * 400)
    actions.trash_task(caller_of(alice, now), task_id=gone.pk)
    page = signed_in(viewport={"width": 320, "height": 640}, color_scheme=scheme)

    for path in (
        "/",
        "/inbox/",
        "/upcoming/",
        "/completed/",
        "/trash/",
        "/add",
        "/lists/new/",
        reverse("todos:task-detail", args=[task.pk]),
        f"/inbox/?task={task.pk}",
        reverse("todos:task-remove", args=[gone.pk]),
        reverse("todos:task-restore", args=[gone.pk]),
        reverse("todos:undo", args=[last_change(alice).batch]),
        reverse("todos:list-detail", args=[home.pk]),
        reverse("todos:list-update", args=[home.pk]),
        reverse("todos:list-delete", args=[home.pk]),
        "/api/docs",
    ):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == 320, path


def test_works_with_the_keyboard_only(signed_in, alice):
    TaskFactory(owner=alice, title="Buy milk", due_date=timezone.now().date())
    page = signed_in()
    page.goto("/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(2):  # the link to select tasks, and the line
        page.keyboard.press("Tab")
    expect(page.get_by_label("New task")).to_be_focused()
    for _ in range(3):  # the button, the details, and the circle of the first task
        page.keyboard.press("Tab")
    complete = page.get_by_role("button", name="Complete: Buy milk")
    expect(complete).to_be_focused()
    page.keyboard.press("Enter")

    expect(status(page)).to_contain_text("Completed: Buy milk")
