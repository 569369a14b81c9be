"""The details of a task in a real browser, with and without JavaScript."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.changes import caller_of
from tests.factories import TaskFactory
from todos import actions
from todos.models import Task


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, signed_in):
    return signed_in(java_script_enabled=request.param)


def save(page, button):
    """Leave the field, which saves with script; press the button without."""
    shown = page.get_by_role("button", name=button, exact=True)
    if shown.is_visible():
        shown.click()
    else:
        page.keyboard.press("Tab")


def test_edits_everything_beside_the_list(page, alice):
    day = timezone.now().date() + timedelta(days=3)
    task = TaskFactory(owner=alice, title="Plan the trip")
    page.goto("/inbox/")
    details, status = page.locator("#details"), page.get_by_role("status")

    page.get_by_role("link", name="Plan the trip", exact=True).click()
    expect(details).to_be_visible()
    details.get_by_label("Title").fill("Plan the journey")
    save(page, "Save the title")
    expect(status).to_contain_text("Renamed: Plan the journey")

    details.get_by_label("Due").fill(day.isoformat())
    save(page, "Save due")
    expect(status).to_contain_text("Due ")
    details.get_by_label("Priority").select_option("Urgent")
    if page.get_by_role("button", name="Save priority", exact=True).is_visible():
        page.get_by_role("button", name="Save priority", exact=True).click()
    expect(status).to_contain_text("Priority urgent")

    details.get_by_text("In words", exact=True).click()
    details.get_by_label("Or in words").fill("every 2 weeks until december 2030")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Repeats every 2 weeks, until 31 December 2030")

    details.get_by_label("Add a step").fill("Book the train tomorrow")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Step added: Book the train")
    expect(details.get_by_label("Add a step")).to_have_value("")
    details.get_by_role("button", name="Complete: Book the train").click()
    expect(details.get_by_text("1 of 1 done")).to_be_visible()

    details.get_by_role("link", name="Add notes").click()
    details.get_by_role("textbox", name="Notes").fill("By **train**")
    details.get_by_role("button", name="Save notes").click()
    expect(details.locator("strong")).to_have_text("train")

    page.get_by_role("link", name="History").last.click()
    page.get_by_role("button", name=re.compile("Bring this back")).last.click()
    expect(status).to_contain_text("Brought back: Plan the trip")
    stored = Task.objects.get(pk=task.pk)
    assert (stored.title, stored.notes) == ("Plan the trip", "By **train**")
    assert (stored.priority, stored.due_date) == (1, day)


def test_keeps_the_focus_where_it_was_and_closes_by_a_link(signed_in, alice):
    TaskFactory(owner=alice, title="Buy milk")
    page = signed_in()
    page.goto("/inbox/")
    page.get_by_role("link", name="Buy milk", exact=True).click()

    page.get_by_label("Priority").focus()
    page.get_by_label("Priority").select_option("Low")

    expect(page.get_by_role("status")).to_contain_text("Priority low")
    expect(page.get_by_label("Priority")).to_be_focused()
    page.get_by_role("link", name="Close the details").click()
    expect(page.locator("#details")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 1440])
def test_long_texts_fit(signed_in, alice, width):
    word = "Rindfleischetikettierungsüberwachungsaufgabe" * 8
    task = TaskFactory(
        owner=alice, title=word[:300], notes=word * 50, labels=[word[:50]]
    )
    TaskFactory(owner=alice, title=word[:300], parent_id=task.pk)
    page = signed_in(viewport={"width": width, "height": 700})

    page.goto(f"/inbox/?task={task.pk}")

    assert page.evaluate("document.documentElement.scrollWidth") == width
    row = page.locator(f"#task-{task.pk}")
    expect(row).to_be_visible(visible=width > 1200)


def test_notices_a_conflict_after_the_page_has_changed(signed_in, alice):
    page = signed_in()
    task = TaskFactory(owner=alice, title="Plan the trip")
    other = TaskFactory(owner=alice, title="Buy milk")
    page.goto(f"/inbox/?task={task.pk}")
    page.locator("#details").get_by_label("Title").fill("Plan the journey")
    actions.update_task(
        caller_of(alice), task_id=task.pk, changes={"title": "Plan the tour"}
    )

    # The answer to another form arrives while the title is being edited.
    page.evaluate(
        "key => document.querySelector(`#task-${key} form`).requestSubmit()",
        str(other.pk),
    )
    expect(page.get_by_role("status")).to_contain_text("Completed: Buy milk")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Plan the tour").first).to_be_visible()
    expect(page.get_by_role("button", name="Save mine")).to_be_visible()
    task.refresh_from_db()
    assert task.title == "Plan the tour"
