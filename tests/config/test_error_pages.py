"""The pages of errors: what happened, what to do, and the text that was written."""

import re
from html import unescape

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.test_page_settings import VALID
from tests.factories import PASSWORD

SETTINGS = reverse("accounts:settings")
OURS = {"Origin": "http://testserver"}
TEXT = 'Anna "Ada"\u00a0<b> & Łukasz 🦉'


@pytest.fixture
def refused(page_as, alice, monkeypatch):
    """Return a browser, and the page that refused its form during an outage."""

    def refuse(*args, **kwargs):
        raise OperationalError

    client = page_as(alice)
    client.raise_request_exception = False
    with monkeypatch.context() as outage:
        outage.setattr(User, "save", refuse)
        sent = VALID | {"display_name": TEXT}
        return client, client.post(f"{SETTINGS}?a=b", sent, headers=OURS)


def test_a_refused_form_can_be_sent_again(refused, alice):
    client, page = refused
    hidden = re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', page.text)
    fields = {name: unescape(value) for name, value in hidden}

    assert page.status_code == 503
    assert "What you wrote is still here." in page.text
    assert f'action="{SETTINGS}?a=b"' in page.text

    client.post(SETTINGS, fields)

    alice.refresh_from_db()
    assert alice.display_name == TEXT


def test_another_site_can_not_make_a_user_send_its_form(alice, page_as, monkeypatch):
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies = page_as(alice).cookies

    page = strict.post(SETTINGS, VALID, headers={"Origin": "https://evil.example"})

    assert page.status_code == 403
    assert "Send again" not in page.text
    assert VALID["display_name"] not in page.text


def test_no_password_is_shown_again(page_as, alice, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError

    client = page_as(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("allauth.account.forms.ChangePasswordForm.save", refuse)

    page = client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": "four yellow bicycles"},
        headers=OURS,
    )

    assert page.status_code == 503
    assert PASSWORD not in page.text
    assert "bicycles" not in page.text


@pytest.mark.parametrize(
    ("method", "path", "status", "advice"),
    [
        ("GET", "/nothing/", 404, "Deleted tasks are in the trash"),
        ("PUT", reverse("accounts:delete"), 405, "press the button there"),
    ],
)
def test_says_what_to_do_and_leads_back(page_as, alice, method, path, status, advice):
    came_from = f"http://testserver{SETTINGS}?x=1"

    page = page_as(alice).generic(method, path, headers={"Referer": came_from})

    assert page.status_code == status
    assert advice in page.text
    assert f'href="{SETTINGS}?x=1">Back' in page.text


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/",
        "http://testserver//evil.example",
        "x" * 5000,
        "http://[",
    ],
)
def test_leads_back_to_no_other_site(client, db, referer):
    page = client.get("/nothing/", headers={"Referer": referer})

    assert page.status_code == 404
    assert ">Back<" not in page.text


def test_an_error_names_the_request_for_the_administrator(page_as, alice, monkeypatch):
    client = page_as(alice)
    client.raise_request_exception = False
    monkeypatch.setattr(User, "zone", property(lambda self: 1 / 0))

    page = client.get(SETTINGS)

    assert page.status_code == 500
    assert page["X-Request-ID"] in page.text


def test_a_wait_is_in_words(page_as, alice, settings, one_rate_window):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"user": (1, 300)}
    client = page_as(alice)

    pages = [client.get(SETTINGS) for _ in range(3)]

    assert pages[-1].status_code == 429
    assert re.search(r"Try again in (\d|a) minutes?\.", pages[-1].text)
