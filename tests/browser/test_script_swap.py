"""What a script adds to links and forms: the place in the page and all input stay."""

import pytest
from playwright.sync_api import expect

from accounts.models import BrowserSession
from tests.browser.registry import Visit
from tests.factories import TaskFactory
from todos.models import Task

ROWS = 48
TICKED = 40  # counted from 0


@pytest.fixture
def tasks(alice):
    return [TaskFactory(owner=alice, title=f"Task {n}") for n in range(1, ROWS + 1)]


@pytest.fixture
def page(signed_in, tasks):
    """The inbox with 48 rows, in a window that a reload would replace."""
    page = signed_in(viewport={"width": 1280, "height": 700})
    page.goto("/inbox/")
    page.evaluate("window.isFirst = true")
    return page


@pytest.fixture
def troubled(new_context, live_server, tasks, alice):
    """The same in a window whose console may report failed requests."""
    page = new_context(base_url=live_server.url).new_page()
    Visit(page, live_server.url).sign_in(alice)
    page.goto("/inbox/")
    page.evaluate("window.isFirst = true")
    return page


def complete(page, task):
    return page.get_by_role("button", name=f"Complete: {task.title}", exact=True)


def add(page, title):
    page.get_by_label("New task").fill(title)
    page.get_by_label("New task").press("Enter")


def test_a_tick_keeps_the_place_and_moves_the_focus_to_the_next_row(page, tasks):
    button = complete(page, tasks[TICKED])
    button.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, -200)")
    top = page.evaluate("scrollY")

    button.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Completed: Task 41")
    expect(complete(page, tasks[TICKED + 1])).to_be_focused()
    assert page.evaluate("[scrollY, window.isFirst]") == [top, True]


def test_input_that_was_not_sent_stays(page, tasks):
    page.get_by_label("New task").fill("Half of a")

    complete(page, tasks[0]).click()

    expect(complete(page, tasks[0])).to_have_count(0)
    expect(page.get_by_label("New task")).to_have_value("Half of a")


def test_the_next_task_can_be_typed_while_the_first_is_sent(page):
    add(page, "Buy milk")
    page.keyboard.type("Buy bread")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="Buy bread", exact=True)).to_be_visible()
    expect(page.get_by_label("New task")).to_have_value("")
    assert Task.objects.filter(title__startswith="Buy").count() == 2


def test_a_form_that_is_sent_twice_arrives_once(page):
    page.evaluate(
        """() => {
          const form = document.querySelector("#quick-add");
          form.elements.text.removeAttribute("data-clear");
          form.elements.text.value = "Buy milk";
          form.requestSubmit();
          form.requestSubmit();
        }"""
    )

    expect(page.get_by_role("link", name="Buy milk", exact=True)).to_be_visible()
    page.get_by_role("link", name="Upcoming").first.click()
    expect(page).to_have_title("Upcoming · Ownlist")
    assert Task.objects.filter(title="Buy milk").count() == 1


def test_a_link_goes_to_the_top_and_back_to_the_old_place(page):
    page.evaluate("scrollTo(0, 600)")

    page.get_by_role("link", name="Upcoming").first.click()

    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.evaluate("[scrollY, window.isFirst]") == [0, True]
    page.go_back()
    expect(page).to_have_title("Inbox · Ownlist")
    page.wait_for_function("scrollY === 600")


def test_says_that_the_server_cannot_be_reached_and_keeps_the_text(troubled):
    troubled.locator("#quick-add").evaluate("form => delete form.dataset.outbox")
    troubled.context.set_offline(True)

    add(troubled, "Buy milk")

    expect(troubled.locator("#toasts")).to_contain_text("Ownlist can't be reached")
    expect(troubled.get_by_label("New task")).to_have_value("Buy milk")


def test_says_why_a_form_was_refused_and_keeps_the_text(troubled):
    troubled.locator("#quick-add").evaluate("form => (form.action = '/no/such/page/')")

    add(troubled, "Buy milk")

    expect(troubled.locator("#toasts")).to_contain_text("Your text is still here")
    expect(troubled.locator("#toasts")).to_contain_text("not found")
    expect(troubled.get_by_label("New task")).to_have_value("Buy milk")


def test_goes_to_the_sign_in_page_when_the_session_has_ended(troubled):
    BrowserSession.objects.all().delete()

    troubled.get_by_role("link", name="Upcoming").first.click()

    expect(troubled.get_by_role("button", name="Sign in")).to_be_visible()
    assert troubled.evaluate("window.isFirst") is None
