"""Menus, dates, order and selecting in a real browser, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.registry import PHONE, today
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Task


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, signed_in):
    return signed_in(java_script_enabled=request.param, viewport=PHONE)


def row(page, title):
    return page.get_by_role("listitem").filter(has_text=title)


def titles(page):
    return page.locator("main .task .title")


def test_reschedules_orders_and_moves_a_task_from_its_row(page, alice):
    home = TaskListFactory(owner=alice, name="Home")
    for title in ("Bread", "Milk", "Soap"):
        TaskFactory(owner=alice, title=title, due_date=today(-1))

    page.goto("/")
    row(page, "Milk").get_by_role("link", name="Yesterday").click()
    page.get_by_role("button", name=re.compile("^Tomorrow")).click()
    expect(page.get_by_role("status")).to_contain_text("Moved to tomorrow: Milk")
    expect(page).to_have_url(re.compile(r"//[^/]+/(#task-.*)?$"))
    page.get_by_role("button", name="Move all overdue tasks to today").click()
    expect(page.get_by_role("status")).to_contain_text("Moved 2 overdue tasks to today")

    page.goto("/inbox/")
    page.get_by_role("link", name="More: Soap").click()
    page.get_by_role("button", name="Move to the top").click()
    expect(page.get_by_role("status")).to_contain_text("Moved to the top: Soap")
    expect(titles(page)).to_have_text(["Soap", "Bread", "Milk"])
    page.get_by_role("link", name="More: Soap").click()
    page.get_by_role("link", name="Move to a list").click()
    page.get_by_role("button", name="Home").click()
    expect(page.get_by_role("status")).to_contain_text("Moved to Home: Soap")
    expect(titles(page)).to_have_text(["Bread", "Milk"])
    assert home.tasks.get().title == "Soap"


def test_selects_several_tasks_and_acts_once(page, alice):
    TaskFactory.create_batch(3, owner=alice)
    page.goto("/inbox/")

    page.get_by_role("link", name="Select tasks").click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("status")).to_contain_text("Select at least one task")
    page.get_by_role("checkbox").nth(0).check()
    page.get_by_role("checkbox").nth(2).check()
    page.get_by_role("button", name="Label").click()
    page.get_by_label("Label", exact=True).fill("garden")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(
        "Added the label garden to 2 tasks"
    )

    page.get_by_role("link", name="Select tasks").click()
    page.get_by_role("link", name="Select all").click()
    expect(page.get_by_role("checkbox").nth(2)).to_be_checked()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("status")).to_contain_text("Completed 3 tasks")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.locator("main .task")).to_have_count(3)
    assert Task.objects.open().filter(owner=alice).count() == 3


def middle(locator):
    box = locator.bounding_box()
    return box["y"] + box["height"] / 2


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("title", ["Milk", "Write to the landlord " * 12])
def test_what_is_beside_a_title_is_on_its_first_line(signed_in, alice, width, title):
    TaskFactory(owner=alice, title=title)
    page = signed_in(viewport={"width": width, "height": 800})
    page.goto("/inbox/")

    one = page.locator("main .task")
    first_line = one.locator(".title").evaluate(
        "title => { const line = title.getClientRects()[0];"
        " return line.y + line.height / 2; }"
    )

    assert abs(middle(one.locator(".circle")) - first_line) < 3
    assert abs(middle(one.locator(".more")) - first_line) < 3


def test_the_bar_at_the_bottom_keeps_each_word_on_a_line(signed_in):
    page = signed_in(viewport=PHONE)
    page.goto("/upcoming/")

    tabs = page.get_by_role("navigation", name="Shortcuts").locator("> *")
    assert {tab.bounding_box()["height"] for tab in tabs.all()[::3]} == {56}
    assert tabs.evaluate_all("all => all.every(one => one.scrollWidth <= 64)")
    upcoming = tabs.filter(has_text="Upcoming")
    assert (
        upcoming.evaluate(
            "link => { const text = document.createRange();"
            " text.selectNodeContents(link.lastChild);"
            " return text.getClientRects().length; }"
        )
        == 1
    )


def test_a_date_that_is_not_set_leaves_no_gap_in_a_narrow_window(signed_in, alice):
    TaskFactory(owner=alice, title="Buy milk", priority=1)
    page = signed_in(viewport={"width": 390, "height": 700})
    page.goto("/inbox/")

    meta = page.locator(".task .meta").bounding_box()
    flag = page.locator(".task .priority").bounding_box()

    assert abs(meta["x"] - flag["x"]) < 1
