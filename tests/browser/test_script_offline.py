"""Without a network: copies of pages, and an outbox."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.browser_sessions import SessionStore
from tests.browser.registry import Visit
from tests.factories import TaskFactory
from todos.models import IdempotentAnswer, Task


@pytest.fixture
def page(new_context, live_server, alice):
    """The inbox, of which the service worker has a copy."""
    TaskFactory(owner=alice, title="Water the tomatoes")
    page = new_context(base_url=live_server.url).new_page()
    Visit(page, live_server.url).sign_in(alice)
    page.goto("/inbox/")
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_function("async () => await caches.match('/inbox/')")
    return page


def kept(page):
    return page.evaluate("async () => [await caches.keys(), localStorage.length]")


def test_shows_the_copy_of_a_page_and_says_of_when_it_is(page):
    page.context.set_offline(True)

    page.goto("/inbox/")

    expect(page.get_by_text("You are offline. Copy of")).to_be_visible()
    expect(
        page.get_by_role("link", name="Water the tomatoes", exact=True)
    ).to_be_visible()
    page.goto("/completed/")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()


def test_sends_later_what_was_done_offline_and_does_it_once(page, alice):
    page.context.set_offline(True)
    page.get_by_label("New task").fill("Buy milk")
    page.get_by_label("New task").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("You are offline")
    page.get_by_role("button", name="Complete: Water the tomatoes").click()
    expect(page.locator(".waiting")).to_contain_text("Water the tomatoes")
    outbox = page.evaluate("JSON.stringify({ ...localStorage })")
    assert "csrfmiddlewaretoken" not in outbox

    page.context.set_offline(False)
    expect(page.locator("#toasts")).to_contain_text("Everything was sent")
    expect(page.get_by_role("link", name="Buy milk", exact=True)).to_be_visible()

    # As if the answers had been lost.
    page.evaluate("items => Object.assign(localStorage, JSON.parse(items))", outbox)
    page.reload()
    expect(page.locator("#toasts")).to_contain_text("Everything was sent")
    assert kept(page)[1] == 0
    assert Task.objects.filter(title="Buy milk").count() == 1
    assert Task.objects.get(title="Water the tomatoes").is_completed
    assert IdempotentAnswer.objects.count() == 2


def test_deletes_the_copies_when_the_session_has_ended(page):
    page.context.clear_cookies()

    page.goto("/inbox/")

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.wait_for_function("async () => !(await caches.has('pages'))")


def test_keeps_no_copy_for_a_user_who_does_not_stay_signed_in(page):
    [cookie] = [
        one
        for one in page.context.cookies()
        if one["name"] == settings.SESSION_COOKIE_NAME
    ]
    store = SessionStore(cookie["value"])
    store.set_expiry(0)
    store.save()

    page.reload()

    page.wait_for_function("async () => !(await caches.has('pages'))")


def test_signing_out_deletes_the_copies_and_the_outbox(page):
    page.evaluate("localStorage.setItem('outbox', '[]')")
    page.locator("[popovertarget=account-menu]").click()

    page.get_by_role("button", name="Sign out").click()

    page.wait_for_function("async () => !(await caches.has('pages'))")
    assert kept(page)[1] == 0
