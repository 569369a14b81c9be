"""A caller is known by the credential, however it is spelled, and then by the user."""

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.better_auth import sessions
from config.front import callers
from config.front.callers import (
    ADMISSION,
    COOKIES,
    CREDENTIALS,
    caller_of,
    credentials_in,
    remember_user,
)

TOKEN = "e30.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"
SESSION = settings.SESSION_COOKIE_NAME
EXTERNAL = "a" * 32


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(callers, "_users", {})


def environ(path="/api/v1/tasks", **headers):
    found = {"PATH_INFO": path}
    found |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return found | {CREDENTIALS: credentials_in(found)}


def caller(**headers):
    return caller_of(environ(**headers)[CREDENTIALS])


@pytest.mark.parametrize(
    "spelling",
    [
        f"Bearer    {TOKEN}",
        f"bearer {TOKEN}",
        f"  BEARER\t{TOKEN} ",
        f"Bearer {TOKEN}!!",
        f"Bearer {TOKEN},",
    ],
)
def test_a_token_is_one_caller_however_it_is_spelled(spelling):
    assert caller(authorization=spelling) == caller(authorization=f"Bearer {TOKEN}")


def test_other_tokens_are_other_callers():
    first, second = (caller(authorization=f"Bearer e30.{one}.s") for one in "ab")

    assert first != second


@pytest.mark.parametrize(
    "spelling",
    [
        f"theme=dark; {SESSION}=abc",
        f"{SESSION}=old;{SESSION} = abc ; x",
        f'{SESSION}="abc"',
        f'{SESSION}="\\141bc"',
    ],
)
def test_a_session_is_one_caller_whatever_cookies_are_beside_it(spelling):
    assert caller(path="/", cookie=spelling) == caller(cookie=f"{SESSION}=abc")


@pytest.mark.parametrize("value", [f"{EXTERNAL}.signed", "%61" + "a" * 31])
def test_a_session_of_better_auth_is_one_caller(value):
    name = COOKIES[0]

    assert caller(cookie=f"{name}={value}") == caller(cookie=f"{name}={EXTERNAL}")


def test_the_cookies_are_those_that_sign_in():
    assert COOKIES == sessions.COOKIES


def test_a_page_does_not_count_by_a_header_that_it_ignores():
    cookie = f"{SESSION}=abc"

    found = caller(path="/", authorization="Bearer x", cookie=cookie)

    assert found == caller(path="/", cookie=cookie)


def test_without_a_credential_there_is_no_caller():
    assert caller() == caller(cookie="theme=dark") == ""


def test_all_credentials_of_a_user_are_one_caller_once_the_user_is_known():
    requests = {"authorization": f"Bearer {TOKEN}"}, {"cookie": f"{SESSION}=abc"}
    for headers in requests:
        remember_user(environ(**headers), "alice")

    assert [caller(**headers) for headers in requests] == ["alice", "alice"]


def test_a_made_up_cookie_beside_a_known_one_changes_nothing():
    external = f"{COOKIES[0]}={EXTERNAL}"
    remember_user(environ(path="/", cookie=external), "alice")

    assert caller(cookie=f"{SESSION}=new; {external}") == "alice"


def test_a_bounded_number_of_credentials_is_remembered(monkeypatch):
    monkeypatch.setattr(callers, "USERS_MAX", 2)

    for number in range(5):
        remember_user(environ(cookie=f"{SESSION}={number}"), "alice")

    assert len(callers._users) == 2
    assert caller(cookie=f"{SESSION}=4") == "alice"


def test_the_api_tells_whose_token_it_is(api_as, alice):
    sent = {CREDENTIALS: ("token",)}

    api_as(alice).get(reverse("api:task-list"), **sent)

    assert caller_of(("token",)) == alice.pk


def test_a_page_tells_whose_session_it_is(client, alice):
    client.force_login(alice)

    client.get(reverse("todos:task-today"), **{CREDENTIALS: ("session",)})

    assert caller_of(("session",)) == alice.pk


@pytest.fixture
def crowded():
    """What the front adds to a request whose user has others running."""
    asked = []
    return asked, {ADMISSION: lambda user: asked.append(user)}


def test_a_call_beyond_what_its_user_may_run_is_refused(api_as, alice, crowded):
    asked, sent = crowded

    answer = api_as(alice).get(reverse("api:task-list"), **sent)

    assert asked == [alice.pk]
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_a_page_beyond_what_its_user_may_run_is_refused(client, alice, crowded):
    client.force_login(alice)
    client.raise_request_exception = False
    asked, sent = crowded

    answer = client.get(reverse("todos:task-today"), **sent)

    assert set(asked) == {alice.pk}
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


@pytest.mark.django_db
def test_a_refused_token_names_nobody(client):
    sent = {CREDENTIALS: ("token",), "HTTP_AUTHORIZATION": "Bearer x"}

    client.get(reverse("api:task-list"), **sent)

    assert caller_of(("token",)) == "token"
