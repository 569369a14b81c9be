"""A front end on another origin calls the API from a browser that is signed in here."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, TaskFactory, UserFactory
from todos.models import Task

CALL = """
async ([url, method, token, body]) => {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = token;
  try {
    const answer = await fetch(url, { method, headers, body, credentials: "include" });
    return [answer.status, await answer.text()];
  } catch (error) {
    return [error.name, ""];
  }
}
"""


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A front end</title><body>")

    def log_message(self, *args):
        pass


@pytest.fixture
def front_end():
    """An origin that differs from ours by its port, so that browsers send cookies."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tasks(live_server, settings):
    settings.BASE_URL = live_server.url
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
    return f"{live_server.url}/api/v1/tasks"


@pytest.fixture
def front_page(new_context, live_server, tasks, front_end):
    """A page of the front end, in a browser that is signed in to ours as Alice."""
    TaskFactory(owner=UserFactory(email="alice@example.com"), title="Water the plants")
    page = new_context(base_url=live_server.url).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("login"))
    page.evaluate("navigator.serviceWorker.ready")
    page.goto(front_end)
    return page


def call(page, url, *, method="GET", token=None, body=None):
    with page.expect_request(lambda request: request.url == url) as made:
        answer = page.evaluate(CALL, [url, method, token, body])
    return answer, made.value.all_headers()


def test_a_front_end_with_credentials_is_served_by_its_token_alone(
    front_page, tasks, front_end, api_as, bob, settings
):
    settings.CORS_ALLOWED_ORIGINS = [front_end]
    bearer = api_as(bob)._credentials["HTTP_AUTHORIZATION"]
    body = '{"title": "Buy milk"}'

    (status, text), headers = call(front_page, tasks)
    assert "ownlist_session" in headers["cookie"]  # the browser did send it
    assert status == 401
    assert "token_not_valid" in text

    (status, text), _ = call(front_page, tasks, method="POST", token=bearer, body=body)
    assert (status, Task.objects.get(title="Buy milk").owner) == (201, bob)

    (status, text), _ = call(front_page, tasks, token=bearer)
    assert status == 200
    assert "Buy milk" in text and "Water the plants" not in text

    (status, text), _ = call(front_page, tasks, method="POST", token=bearer, body="{}")
    assert (status, "title" in text) == (400, True)


def test_an_origin_that_is_not_configured_reads_nothing(front_page, tasks, api_as, bob):
    bearer = api_as(bob)._credentials["HTTP_AUTHORIZATION"]

    assert front_page.evaluate(CALL, [tasks, "GET", None, None]) == ["TypeError", ""]
    assert front_page.evaluate(CALL, [tasks, "GET", bearer, None]) == ["TypeError", ""]


def test_the_browser_stays_signed_in_here(
    front_page, live_server, tasks, front_end, settings
):
    settings.CORS_ALLOWED_ORIGINS = [front_end]
    call(front_page, tasks)

    # A link from the other origin, which our service worker fetches.
    front_page.evaluate("(url) => { location.href = url }", f"{live_server.url}/inbox/")

    expect(
        front_page.get_by_role("link", name="Water the plants", exact=True)
    ).to_be_visible()
