"""The browsable API in a real browser with a real session."""

import json
import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.factories import PASSWORD, TaskFactory, UserFactory
from todos.models import Task


@pytest.fixture
def site(live_server, settings):
    settings.BASE_URL = live_server.url
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
    return live_server.url


@pytest.fixture
def signed_in_page(new_context, site):
    """A signed-in browser page that fails the test on console errors."""
    UserFactory(email="alice@example.com")
    page = new_context(base_url=site).new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            message.type in {"error", "warning"} and complaints.append(message.text)
        ),
    )
    page.goto("/accounts/login/?next=/api/v1/tasks")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/api/v1/tasks$"))

    yield page

    assert [text for text in complaints if "(Bad Request)" not in text] == []


def send(page, method, body):
    form = page.get_by_role("form", name=method)
    form.get_by_label("JSON").fill(json.dumps(body))
    form.get_by_role("button", name=method).click()
    return form.get_by_role("status")


def test_creates_a_task(signed_in_page):
    answer = send(signed_in_page, "POST", {"title": "Buy milk"})

    expect(answer).to_contain_text("201 Created")
    assert Task.objects.get().title == "Buy milk"
    answer.get_by_role("link", name="Open it").click()
    expect(signed_in_page.get_by_role("region", name="Response body")).to_contain_text(
        "Buy milk"
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_edits_a_task(signed_in_page, method):
    send(signed_in_page, "POST", {"title": "Buy milk"}).get_by_role("link").click()

    answer = send(signed_in_page, method, {"title": "Buy oat milk"})

    expect(answer).to_contain_text("200 OK")
    assert Task.objects.get().title == "Buy oat milk"


def test_starts_an_edit_from_what_is_there(signed_in_page):
    send(signed_in_page, "POST", {"title": "Buy milk", "priority": 1}).get_by_role(
        "link"
    ).click()
    form = signed_in_page.get_by_role("form", name="PUT")
    shown = json.loads(form.get_by_label("JSON").input_value())

    form.get_by_label("JSON").fill(json.dumps(shown | {"title": "Buy oat milk"}))
    form.get_by_role("button", name="PUT").click()

    expect(form.get_by_role("status")).to_contain_text("200 OK")
    task = Task.objects.get()
    assert (task.title, task.priority) == ("Buy oat milk", 1)


def test_deletes_a_task(signed_in_page):
    send(signed_in_page, "POST", {"title": "Buy milk"}).get_by_role("link").click()

    form = signed_in_page.get_by_role("form", name="DELETE")
    form.get_by_role("button", name="DELETE").click()

    expect(form.get_by_role("status")).to_contain_text("204 No Content")
    assert Task.objects.get().trashed_at is not None


def test_shows_a_refusal(signed_in_page):
    answer = send(signed_in_page, "POST", {"title": ""})

    expect(answer).to_contain_text("400 Bad Request")
    expect(answer).to_contain_text("title")
    assert not Task.objects.exists()


def test_can_be_read_without_script(new_context, site, signed_in_page):
    alice = User.objects.get()
    for number in range(60):
        TaskFactory(owner=alice, title=f"Task {number}")
    context = new_context(java_script_enabled=False, base_url=site)
    context.add_cookies(signed_in_page.context.cookies())
    page = context.new_page()
    page.goto("/api/v1/tasks")

    page.get_by_role("link", name="Next").click()

    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    expect(page.get_by_text("JavaScript is required to send requests")).to_be_visible()
