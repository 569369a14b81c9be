"""The short chain of middleware answers programs as the whole chain would."""

import json
from uuid import UUID

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from accounts import access_tokens
from config.api.chain import ShortChainMiddleware, endpoint_of
from config.api.problems import HeadersTooLarge
from config.front.answers import REFUSAL

# Both get JSON. But a client that may want a page is answered by the whole chain.
SHORT, WHOLE = "application/json", "application/json, text/html;q=0.1"
NEVER_EQUAL = {"X-Request-ID", "RateLimit", "Content-Length"}
ORIGIN = "https://front.example"
TASKS = "/api/v1/tasks"

CALLS = {
    "a list": (200, "GET", TASKS, {}),
    "a wrong body": (400, "POST", TASKS, {"data": "[]"}),
    "no such task": (404, "GET", f"{TASKS}/{'0' * 8}-0000-0000-0000-{'0' * 12}", {}),
    "a wrong method": (405, "DELETE", TASKS, {}),
    "a foreign host": (400, "GET", TASKS, {"HTTP_HOST": "evil.example"}),
    "a large body": (413, "POST", TASKS, {"CONTENT_LENGTH": 2_000_000}),
    "a large head": (431, "GET", TASKS, {REFUSAL: HeadersTooLarge()}),
    "a wrong token": (401, "GET", TASKS, {"HTTP_AUTHORIZATION": "Bearer x"}),
    "another scheme": (401, "GET", TASKS, {"HTTP_AUTHORIZATION": "Basic eDp5"}),
    "over https": (200, "GET", TASKS, {"wsgi.url_scheme": "https"}),
    "another origin": (200, "GET", TASKS, {"HTTP_ORIGIN": ORIGIN}),
    "a foreign origin": (200, "GET", TASKS, {"HTTP_ORIGIN": "https://evil.example"}),
    "a preflight": (
        200,
        "OPTIONS",
        TASKS,
        {"HTTP_ORIGIN": ORIGIN, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"},
    ),
}


@pytest.fixture
def answered(monkeypatch):
    """The calls that the short chain answers."""
    calls = []
    original = ShortChainMiddleware.__init__

    def noting(self, get_response):
        original(self, get_response)
        short = self._short
        self._short = lambda request: calls.append(request) or short(request)

    monkeypatch.setattr(ShortChainMiddleware, "__init__", noting)
    return calls


@pytest.fixture
def ask(api_as, alice):
    """Make a call with a token of Alice."""

    credentials = api_as(alice)._credentials

    def call(method, path, *, accept, data="", **extra):
        client = Client(raise_request_exception=False)
        extra = credentials | extra | {"HTTP_ACCEPT": accept}
        return client.generic(
            method, path, data, content_type="application/json", **extra
        )

    return call


@pytest.mark.parametrize(
    ("status", "method", "path", "extra"), CALLS.values(), ids=CALLS
)
def test_answers_as_the_whole_chain(
    status, method, path, extra, ask, answered, settings
):
    settings.SECURE_HSTS_SECONDS = 60
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]

    short = ask(method, path, accept=SHORT, **extra)
    whole = ask(method, path, accept=WHOLE, **extra)

    assert len(answered) == 1
    assert short.status_code == whole.status_code == status
    assert short.content == whole.content
    assert _headers(short) == _headers(whole)


def test_refuses_plain_http_as_the_whole_chain_does(ask, answered, settings):
    settings.SECURE_SSL_REDIRECT = True

    short, whole = (ask("GET", TASKS, accept=accept) for accept in (SHORT, WHOLE))

    assert short.status_code == whole.status_code == 403
    assert short.json() == whole.json()
    assert _headers(short) == _headers(whole)


def test_a_failure_has_the_headers_too(ask, answered, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError

    monkeypatch.setattr("todos.api.tasks.TaskListView.get", fail)

    short, whole = (ask("GET", TASKS, accept=accept) for accept in (SHORT, WHOLE))

    assert short.status_code == whole.status_code == 500
    assert short.content == whole.content
    assert _headers(short) == _headers(whole)


def _headers(response):
    return {k: v for k, v in response.headers.items() if k not in NEVER_EQUAL}


def test_other_requests_take_the_whole_chain(ask, page_as, api, alice, answered):
    page_as(alice).get(TASKS)
    page_as(alice).get("/")
    api.get(TASKS)
    ask("GET", "/api/v1/nothing", accept=SHORT)
    ask("GET", "/api/schema", accept=SHORT)

    assert answered == []


def test_a_registration_with_a_token_sends_its_mail(ask, answered, mailoutbox):
    body = {"email": "new@example.com", "password": "seven quiet rivers at dawn"}

    response = ask("POST", "/api/v1/auth/register", accept=SHORT, data=json.dumps(body))

    assert len(answered) == 1
    assert response.status_code == 201
    assert [mail.to for mail in mailoutbox] == [["new@example.com"]]


def test_a_new_key_ends_the_tokens_that_are_known(ask, settings):
    before = ask("GET", TASKS, accept=SHORT)

    settings.JWT_SIGNING_KEY = "another key, which has at least 32 bytes"

    assert before.status_code == 200
    assert ask("GET", TASKS, accept=SHORT).status_code == 401


def test_a_known_token_is_not_accepted_beyond_its_expiry(api_as, alice, monkeypatch):
    client = api_as(alice)
    assert client.get(TASKS).status_code == 200
    token = client._credentials["HTTP_AUTHORIZATION"].split()[1]

    def verify_again(text):
        raise AssertionError

    monkeypatch.setattr(access_tokens.AccessToken, "read", verify_again)
    now = access_tokens.AccessToken(token, verify=False)["exp"]
    assert access_tokens._known.get(token, now=now - 301 + 29) is not None
    assert access_tokens._known.get(token, now=now) is None


ONE, OTHER = "0197e2a1-5c1f-7000-8000-00000000a11c", str(UUID(int=7))


@pytest.mark.parametrize(
    "path",
    [
        TASKS,
        f"{TASKS}/{ONE}",
        f"{TASKS}/{ONE}/complete",
        f"/api/{ONE}/tasks/{OTHER}",
        f"/api/alice/tasks/{OTHER}",
        f"{TASKS}/{ONE.upper()}",
        f"{TASKS}/{ONE}/nothing",
        f"/tasks/{ONE}/menu/",
    ],
)
def test_finds_the_endpoint_that_django_resolves(path):
    for form in (path.replace(ONE, OTHER), path):  # the second is known by its form
        try:
            expected = resolve(form)
        except Resolver404:
            expected = None
        if not hasattr(getattr(expected, "func", None), "cls"):
            assert endpoint_of(form) is None
            continue
        found = endpoint_of(form)
        assert (found.func, found.kwargs, found.route) == (
            expected.func,
            expected.kwargs,
            expected.route,
        )
