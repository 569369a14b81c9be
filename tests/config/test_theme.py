"""The theme of the user on every page, with the session and without."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.any_database

COOKIE = settings.THEME_COOKIE_NAME
TODAY = reverse("todos:task-today")


@pytest.fixture
def dark(page_as, alice):
    """Return a browser whose user has chosen the dark theme and opened a page."""
    alice.theme = "dark"
    alice.save()
    client = page_as(alice)
    client.get(TODAY)
    return client


def test_a_page_of_the_user_stores_the_theme(dark):
    cookie = dark.cookies[COOKIE]

    assert cookie.value == "dark"
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
    assert cookie["max-age"] > 0
    assert COOKIE not in dark.get(TODAY).cookies  # only when it changes


@pytest.mark.parametrize(
    "path", ["/nothing/", reverse("account_login"), "/api/docs", "/api/v1/tasks"]
)
def test_a_page_without_its_user_has_the_theme_of_the_browser(dark, path):
    visitor = Client(headers={"Accept": "text/html"})
    visitor.cookies[COOKIE] = dark.cookies[COOKIE].value

    assert 'data-theme="dark"' in visitor.get(path).text


def test_the_admin_has_the_theme(dark, alice, page_as):
    staff = UserFactory(is_staff=True, is_superuser=True, theme="dark")

    page = page_as(staff).get(reverse("admin:index"))

    assert 'class="theme-dark' in page.text


def test_the_theme_stays_after_signing_out(dark):
    dark.post(reverse("account_logout"))

    assert 'data-theme="dark"' in dark.get(reverse("account_login")).text


def test_the_theme_of_the_device_removes_the_cookie(dark, alice):
    alice.theme = "system"
    alice.save()

    dark.get(TODAY)

    assert dark.cookies[COOKIE].value == ""
    assert 'data-theme="system"' in dark.get("/nothing/").text


@pytest.mark.parametrize("value", ["pink", '"><script>', "dark" * 5000])
def test_any_other_cookie_is_ignored(client, db, value):
    client.cookies[COOKIE] = value

    assert 'data-theme="system"' in client.get("/nothing/").text


def test_the_cookie_is_secure_over_https(page_as, alice, settings):
    settings.SESSION_COOKIE_SECURE = True
    alice.theme = "light"
    alice.save()

    assert page_as(alice).get(TODAY).cookies[COOKIE]["secure"]
