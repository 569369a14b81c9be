"""Keys, popovers and the palette."""

import pytest
from playwright.sync_api import expect

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Task


@pytest.fixture
def tasks(alice):
    return [TaskFactory(owner=alice, title=f"Task {n}") for n in range(1, 4)]


@pytest.fixture
def page(signed_in, tasks):
    page = signed_in()
    page.goto("/inbox/")
    return page


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def title(page, task):
    return page.get_by_role("link", name=task.title, exact=True)


def test_keys_walk_through_the_rows_complete_and_undo(page, tasks):
    press(page, "j", "j")
    expect(title(page, tasks[1])).to_be_focused()

    press(page, "c")
    expect(page.locator("#toasts")).to_contain_text("Completed: Task 2")
    expect(title(page, tasks[2])).to_be_focused()

    press(page, "z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(title(page, tasks[1])).to_be_visible()
    assert not Task.objects.get(pk=tasks[1].pk).is_completed


def test_enter_opens_the_row_again_whose_details_were_closed(page, tasks):
    press(page, "j", "Enter")
    expect(page.get_by_role("complementary", name="Task 1")).to_be_visible()

    press(page, "Escape")
    expect(title(page, tasks[0])).to_be_focused()

    press(page, "Enter")
    expect(page.get_by_role("complementary", name="Task 1")).to_be_visible()
    assert not Task.objects.get(pk=tasks[0].pk).is_completed


def test_the_key_that_shows_the_boxes_selects_the_row(page, tasks):
    press(page, "j", "j", "x")

    expect(page.get_by_role("checkbox", name="Task 2")).to_be_focused()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(page.get_by_role("checkbox", name="Task 2")).to_be_checked()


def test_the_key_of_the_search_goes_to_its_field(page):
    press(page, "/")

    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()


def test_keys_go_to_pages_and_to_the_field_for_a_new_task(page):
    press(page, "g", "t")
    expect(page).to_have_title("Today · Ownlist")

    press(page, "q")
    expect(page.get_by_label("New task")).to_be_focused()
    page.keyboard.type("g t")
    expect(page.get_by_label("New task")).to_have_value("g t")

    press(page, "Escape")
    expect(page.get_by_label("New task")).not_to_be_focused()


def test_single_letters_can_be_turned_off(signed_in, alice, tasks):
    alice.letter_keys = False
    alice.save()
    page = signed_in()
    page.goto("/inbox/")

    press(page, "j", "q")
    expect(page.locator("body")).to_be_focused()

    press(page, "Control+k")
    expect(page.get_by_role("dialog", name="Go to a page")).to_be_visible()


def test_a_popover_shows_the_keys_and_returns_the_focus(page, tasks):
    press(page, "j", "?")
    popover = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(popover).to_contain_text("Undo the last change")

    press(page, "Escape")
    expect(popover).to_be_hidden()
    expect(title(page, tasks[0])).to_be_focused()


def test_the_palette_goes_to_a_list_and_finds_a_task(page, alice):
    home = TaskListFactory(owner=alice, name="Garden")
    TaskFactory(owner=alice, title="Water the tomatoes", list_id=home.pk)
    page.reload()

    press(page, "Control+k")
    page.keyboard.type("gard")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Garden", level=1)).to_be_focused()

    press(page, "Control+k")
    page.keyboard.type("tomatoes")
    expect(page.get_by_role("option", name="Water the tomatoes")).to_be_visible()
    press(page, "Enter")
    page.wait_for_url("**/search/**task=*")
