"""Rows by keys and by dragging."""

import pytest
from playwright.sync_api import expect

from tests.factories import TaskFactory
from todos.models import Task


@pytest.fixture
def tasks(alice):
    return [TaskFactory(owner=alice, title=f"Task {n}") for n in range(1, 5)]


@pytest.fixture
def page(signed_in, tasks):
    page = signed_in()
    page.goto("/inbox/")
    return page


def titles(page):
    return page.locator("main .task .title")


def test_dragging_orders_the_rows(page, tasks):
    rows = page.locator("main .task")

    rows.nth(0).drag_to(rows.nth(2))

    expect(page.locator("#toasts")).to_contain_text("Moved: Task 1")
    expect(titles(page)).to_have_text(["Task 2", "Task 3", "Task 1", "Task 4"])
    by_position = Task.objects.order_by("position").values_list("title", flat=True)
    assert list(by_position) == ["Task 2", "Task 3", "Task 1", "Task 4"]


def test_keys_use_the_menu_of_the_row(page, tasks):
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.locator("#toasts")).to_contain_text("Urgent: Task 1")

    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#toasts")).to_contain_text("Moved down: Task 1")
    expect(titles(page)).to_have_text(["Task 2", "Task 1", "Task 3", "Task 4"])
    expect(titles(page).nth(1)).to_be_focused()

    page.keyboard.press("l")
    expect(page.get_by_role("dialog", name="Move to a list")).to_be_visible()


def test_shift_selects_the_rows_between_two_clicks(page, tasks):
    page.keyboard.press("x")
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).click()

    boxes.nth(2).click(modifiers=["Shift"])

    expect(page.locator("input:checked")).to_have_count(3)
