"""Quick add: its bar, the page for several lines, and its help."""

from playwright.sync_api import expect

from tests.browser.registry import state, state_with
from tests.factories import TaskFactory, TaskListFactory

LINE = "Pay rent tomorrow 9am every month #Home p1 @money remind:1h"


@state
def quick_add_understood(visit):
    user = visit.sign_in()
    TaskListFactory(owner=user, name="Home")
    TaskFactory(owner=user, title="Buy milk")
    visit.go("/inbox/")
    visit.page.get_by_label("New task").press_sequentially(LINE)
    expect(visit.page.locator(".quick-chips li")).to_have_count(7)


@state
def quick_add_options(visit):
    user = visit.sign_in()
    for name in ("Home", "Holiday plans", "h" * 100):
        TaskListFactory(owner=user, name=name)
    visit.go("/inbox/")
    visit.page.get_by_label("New task").press_sequentially("Pack #garden #h")
    expect(visit.page.locator(".quick-options li")).to_have_count(3)


@state
def quick_add_toast(visit):
    visit.sign_in()
    visit.go("/inbox/")
    visit.page.get_by_label("New task").fill("Sow peas tomorrow 9am #garden p1 @seeds")
    visit.page.get_by_label("New task").press("Enter")
    expect(visit.page.get_by_role("button", name="Keep as text")).to_be_visible()


@state_with(422)
def quick_add_refused(visit):
    visit.sign_in()
    visit.go("/inbox/")
    visit.page.get_by_label("New task").fill("x" * 501)
    visit.page.get_by_label("New task").press("Enter")
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def add(visit):
    visit.sign_in()
    visit.go("/add?text=Buy%20milk%20tomorrow%0APay%20rent%20p1")
    expect(visit.page.get_by_role("button", name="Add 2 tasks")).to_be_visible()


@state_with(422)
def add_refused(visit):
    visit.sign_in()
    visit.go("/add?text=ok%0A" + "x" * 501)
    visit.page.get_by_role("button", name="Add 2 tasks").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def add_help(visit):
    visit.sign_in()
    visit.go("/add/help/")
