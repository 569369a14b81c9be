"""Quick add in a real browser, with and without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Task, TaskList


def field(page):
    return page.get_by_label("New task")


def chips(page):
    return page.get_by_role("list", name="Understood").get_by_role("listitem")


def options(page):
    return page.get_by_role("option")


def test_shows_the_parts_of_a_line_and_lets_the_user_reject_them(signed_in, alice):
    page = signed_in()
    page.goto("/inbox/")

    field(page).press_sequentially("Sow peas #garden tomorrow 9am p1", delay=5)

    expect(page.locator(".quick-marks mark")).to_have_text(
        ["#garden", "tomorrow", "9am", "p1"]
    )
    expect(chips(page)).to_have_text(
        ["New list garden", "Tomorrow×", "09:00×", "Urgent×"]
    )
    page.get_by_role("button", name="New list garden").click()
    page.get_by_role("button", name="Keep “p1” as text").click()
    expect(chips(page)).to_have_text(["garden×", "Tomorrow×", "09:00×"])
    expect(field(page)).to_be_focused()
    field(page).press("Enter")

    expect(page.get_by_role("status")).to_contain_text(
        "Added: Sow peas p1 — tomorrow 09:00, garden"
    )
    expect(field(page)).to_have_value("")
    expect(field(page)).to_be_focused()
    expect(chips(page)).to_have_count(0)
    task = Task.objects.get()
    assert (task.priority, task.list.name) == (3, "garden")


def test_completes_lists_and_labels_by_keyboard(signed_in, alice):
    TaskListFactory(owner=alice, name="Home")
    TaskListFactory(owner=alice, name="Holiday plans")
    page = signed_in()
    page.goto("/inbox/")

    field(page).press_sequentially("Pack #ho")
    expect(options(page)).to_have_text(["Home", "Holiday plans"])
    expect(field(page)).to_have_attribute("aria-expanded", "true")
    field(page).press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_text("Holiday plans")
    field(page).press("Tab")
    expect(field(page)).to_have_value('Pack #"Holiday plans" ')
    expect(options(page)).to_have_count(0)

    field(page).press_sequentially("#ho")
    expect(options(page)).to_have_count(2)
    field(page).press("Escape")
    expect(options(page)).to_have_count(0)
    expect(field(page)).to_be_focused()
    field(page).fill('Pack #"Holiday plans"')
    field(page).press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Added: Pack — Holiday plans")


def test_pasted_lines_become_tasks(signed_in, alice):
    page = signed_in()
    page.goto("/inbox/")
    field(page).fill("First: ")

    field(page).evaluate(
        """field => {
          field.focus();
          field.setSelectionRange(7, 7);
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "one p1\\r\\n\\r\\ntwo\\r\\nthree");
          const options = { clipboardData, bubbles: true, cancelable: true };
          field.dispatchEvent(new ClipboardEvent("paste", options));
        }"""
    )
    page.get_by_role("button", name="Add 3 tasks").click()

    expect(page.get_by_role("status")).to_contain_text("Added 3 tasks")
    expect(page.locator("input#quick-add-line")).to_be_focused()
    titles = Task.objects.order_by("position").values_list("title", flat=True)
    assert list(titles) == ["First: one", "two", "three"]


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no-script"])
def test_adds_keeps_as_text_and_corrects(signed_in, alice, has_script):
    for number in range(30):
        TaskFactory(owner=alice, title=f"Task {number}")
    page = signed_in(java_script_enabled=has_script)
    page.goto("/inbox/")

    field(page).fill("x" * 501)
    field(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("at most 500 characters")
    expect(field(page)).to_have_value("x" * 501)
    expect(field(page)).to_be_focused()
    expect(page.get_by_role("heading", name="Inbox", level=1)).to_be_visible()

    field(page).fill("Sow peas p1 #garden")
    field(page).press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("Sow peas #garden — urgent")
    expect(field(page)).to_be_focused()

    page.get_by_role("button", name="Create list “garden”").click()
    expect(page.get_by_role("status")).to_contain_text("Sow peas — garden, urgent")
    assert Task.objects.get(title="Sow peas").list.name == "garden"

    page.get_by_role("button", name="Keep as text").click()
    expect(page.get_by_role("status")).to_contain_text("Sow peas p1 #garden")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Undone")
    assert TaskList.objects.filter(name="garden").exists()


def test_lines_that_are_sent_from_their_own_page_leave_no_error(signed_in, alice):
    page = signed_in()
    page.goto("/add")

    page.get_by_label("Tasks").fill("Bread\nMilk")
    page.get_by_label("Tasks").evaluate("field => field.form.requestSubmit()")

    expect(page.get_by_role("status")).to_contain_text("Added 2 tasks")
    expect(field(page)).to_have_value("")
