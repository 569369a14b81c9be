"""Opaque session tokens and the session cookie, checked with the real server."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import credentials
from accounts.better_auth import sessions
from accounts.models import LinkedIdentity, User

pytestmark = pytest.mark.django_db

SIGN_IN = reverse("account_login")
PAGE_TO_LEAVE = reverse("accounts:leaving")


@pytest.fixture
def server(better_auth, trust):
    trust(better_auth, sessions=True)
    return better_auth


@pytest.fixture
def external_user(server):
    return server.sign_up()


def status_with(api_with, token):
    return api_with(token).get("/api/v1/users/me").status_code


@pytest.mark.parametrize("form", ["token", "signed_token"])
def test_a_session_token_opens_the_api(external_user, api_with, form):
    answer = api_with(getattr(external_user, form)).get(
        f"/api/{external_user.user_id}/tasks"
    )

    assert answer.status_code == 200
    assert LinkedIdentity.objects.get().subject == external_user.user_id


def test_session_and_jwt_are_the_same_user(server, external_user, api_with):
    status_with(api_with, external_user.token)
    status_with(api_with, server.token(external_user))

    assert User.objects.count() == 1


def test_asks_without_the_cache_and_without_renewing_the_session(
    start_better_auth, trust, api_with
):
    server = start_better_auth(cookie_cache={"enabled": True, "maxAge": 300})
    trust(server, sessions=True)
    external_user = server.sign_up()
    assert status_with(api_with, external_user.token) == 200

    server.sign_out(external_user)

    assert status_with(api_with, external_user.token) == 401


def test_a_sign_out_there_acts_at_once(server, external_user, api_with):
    assert status_with(api_with, external_user.token) == 200

    server.sign_out(external_user)

    assert status_with(api_with, external_user.token) == 401


def test_a_ban_there_acts_at_once(server, external_user, api_with):
    assert status_with(api_with, external_user.token) == 200

    server.ban_in_database(external_user)

    assert status_with(api_with, external_user.token) == 401


@pytest.mark.parametrize(
    "mode", ["unavailable", "drop", "html", "cut", "wrong-type", "redirect"]
)
def test_a_broken_server_signs_no_user_out(server, external_user, api_with, mode):
    server.mode(mode, path="/get-session")

    answer = api_with(external_user.token).get("/api/v1/users/me")

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("subject", ["", " ", "a\0b", "\u200b", "x" * 256], ids=ascii)
def test_accepts_only_valid_subjects(server, external_user, api_with, subject):
    found = server.get_session(external_user)
    found["user"]["id"] = found["session"]["userId"] = subject
    server.mode("body", path="/get-session", body=json.dumps(found))

    assert status_with(api_with, external_user.token) == 401
    assert not LinkedIdentity.objects.exists()


def test_a_server_without_its_secret_counts_as_unavailable(
    server, external_user, api_with
):
    server.token(external_user)  # mints a key that the next secret can't read
    server.restart(secret="another secret of at least 32 characters")

    assert status_with(api_with, external_user.token) in {503, 401}


def test_a_session_token_is_refused_if_sessions_are_disabled(
    better_auth, trust, api_with
):
    trust(better_auth)
    external_user = better_auth.sign_up()

    assert status_with(api_with, external_user.token) == 401
    assert better_auth.calls("/get-session") == 0


@pytest.mark.parametrize("token", ["x" * 31, "x" * 33, "x" * 31 + "\x00", "x" * 32])
def test_an_invalid_session_is_refused(server, api_with, token):
    assert status_with(api_with, token) == 401


# --- The cookie on our pages --------------------------------------------------------


def browser_with(external_user):
    client = Client()
    for name, value in external_user.cookies.items():
        client.cookies[name] = value
    return client


def test_the_cookie_opens_the_pages(external_user):
    page = browser_with(external_user).get("/")

    assert page.status_code == 200
    assert LinkedIdentity.objects.get().subject == external_user.user_id


@pytest.mark.parametrize("origin", ["https://app.example", "http://testserver:3000"])
def test_the_cookie_counts_for_nothing_from_another_origin(
    server, external_user, settings, origin
):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    browser = browser_with(external_user)
    asked = server.calls("/get-session")

    answer = browser.get("/api/v1/tasks", headers={"Origin": origin})

    assert answer.status_code == 401
    assert server.calls("/get-session") == asked
    assert browser.get("/api/v1/tasks").status_code == 200


def test_the_cookie_ends_with_the_session_there(server, external_user):
    browser = browser_with(external_user)
    assert browser.get("/").status_code == 200

    server.sign_out(external_user)

    assert browser.get("/").status_code == 302


def test_the_cookie_needs_its_signature(server, external_user):
    external_user.cookies["better-auth.session_token"] = external_user.token

    assert browser_with(external_user).get("/").status_code == 302


def test_the_page_says_so_while_the_server_is_away(server, external_user):
    server.mode("unavailable", path="/get-session")

    page = browser_with(external_user).get("/")

    assert page.status_code == 503
    assert page["Retry-After"]


def test_the_cookie_never_opens_the_admin(server, external_user):
    browser = browser_with(external_user)
    browser.get("/")
    User.objects.update(is_staff=True, is_superuser=True)

    assert browser.get("/admin/").status_code == 302


def test_a_user_who_is_leaving_is_led_to_the_page_that_keeps_the_account(
    external_user, monkeypatch
):
    browser = browser_with(external_user)
    browser.get("/")
    user, now = User.objects.get(), timezone.now()
    credentials.request_deletion(user=user, at=now)

    assert browser.get("/", follow=True).redirect_chain[-1][0].startswith(SIGN_IN)

    # As if the sign-in there had come after the request.
    User.objects.update(credentials_ended_at=now - timedelta(minutes=1))
    assert browser.get("/").url == PAGE_TO_LEAVE
    assert browser.get("/api/v1/tasks").status_code == 401
    assert browser.get("/inbox/").url == PAGE_TO_LEAVE
    assert user.security_events.filter(about="leaving").count() == 1

    later = now + timedelta(minutes=20)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert browser.get("/").url.startswith(SIGN_IN)
    monkeypatch.undo()

    assert browser.get("/").url == PAGE_TO_LEAVE
    assert "You keep your account" in browser.post(PAGE_TO_LEAVE, follow=True).text
    assert User.objects.get().is_active


def test_the_cookie_is_ignored_if_sessions_are_disabled(better_auth, trust):
    trust(better_auth)

    assert browser_with(better_auth.sign_up()).get("/").status_code == 302


# --- What is remembered ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "is_held"),
    [(0, True), (29, True), (30, False), (-7200, False)],
    ids=["at once", "within seconds", "after that", "the clock was set back"],
)
def test_a_refusal_is_remembered_for_seconds(later, is_held):
    now = 1_790_000_000.0
    memory = sessions._Memory(30.0)
    memory.add("digest", until=now + 30.0)

    assert memory.holds("digest", now + later) is is_held
