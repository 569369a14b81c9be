"""Requests from pages of other origins: CORS, and cookies that count for nothing."""

import json

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import BrowserSession, User
from config.api.problems import PayloadTooLarge
from config.front.answers import REFUSAL
from tests.factories import PASSWORD, TaskFactory
from todos.models import Task

pytestmark = pytest.mark.any_database

APP = "https://app.example"
OWN = "http://testserver"
FOREIGN = [
    "null",
    "",
    "https://evil.example",
    "http://app.example",
    "https://app.example.evil.example",
    "https://xapp.example",
    "https://app.example:8443",
    # Browsers send cookies along with requests from these.
    "http://sub.testserver",
    "http://testserver:3000",
    "https://testserver",
]
# How browsers describe a request that a page of another origin causes by an element or
# a script. Only some of these requests have an Origin.
EMBEDDED = [
    {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    for site in ("cross-site", "same-site")
    for mode, dest in (
        ("no-cors", "script"),
        ("no-cors", "image"),
        ("cors", "empty"),
        ("navigate", "iframe"),
        ("navigate", "object"),
    )
]
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
LINK_BY_WORKER = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty"}


@pytest.fixture(autouse=True)
def _one_origin_may_call(settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]


# --- CORS -------------------------------------------------------------------------


def preflight(origin, path="/api/v1/tasks"):
    return APIClient().options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )


@pytest.mark.parametrize("origin", [APP, "null", "https://evil.example"])
def test_no_other_origin_may_read_the_api_by_default(db, origin, settings):
    settings.CORS_ALLOWED_ORIGINS = []

    assert "Access-Control-Allow-Origin" not in preflight(origin)


@pytest.mark.parametrize("origin", FOREIGN)
def test_only_the_configured_origins_may_read_the_api(db, origin):
    allowed, refused = preflight(APP), preflight(origin)

    assert allowed["Access-Control-Allow-Origin"] == APP
    assert "Access-Control-Allow-Origin" not in refused
    assert "Access-Control-Allow-Credentials" not in refused
    assert "origin" in refused["Vary"].lower()


def test_no_other_origin_may_read_a_page(client, db):
    response = client.get("/accounts/login/", headers={"Origin": APP})

    assert "Access-Control-Allow-Origin" not in response
    assert "Access-Control-Allow-Credentials" not in response


def test_a_configured_origin_may_send_credentials(db):
    response = preflight(APP)

    assert response.status_code == 200
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "*" not in str(dict(response.headers))


def test_a_preflight_allows_the_headers_that_clients_add(db):
    allowed = set(preflight(APP)["Access-Control-Allow-Headers"].split(", "))

    assert {"authorization", "content-type", "x-requested-with"} <= allowed


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.fixture
def answers(api_as, alice, bob, settings, monkeypatch):
    """Make one response of each status, by the number of the status."""
    client = api_as(alice)
    client.raise_request_exception = False
    task = TaskFactory(owner=alice).pk

    def answer(status):
        method, path, body = "get", "/api/v1/tasks", None
        extra = {}
        if status == 201:
            method, body = "post", {"title": "Buy milk"}
        elif status == 204:
            method, path = "delete", f"/api/v1/tasks/{task}"
        elif status == 304:
            path = f"/api/v1/tasks/{task}"
            extra = {"HTTP_IF_NONE_MATCH": client.get(path)["ETag"]}
        elif status == 400:
            method, body = "post", {}
        elif status == 401:
            client.credentials()
        elif status == 403:
            path = f"/api/{bob.pk}/tasks"
        elif status == 404:
            path = "/api/v1/nothing"
        elif status == 405:
            method = "delete"
        elif status == 412:
            method, path, body = "patch", f"/api/v1/tasks/{task}", {"title": "x"}
            extra = {"HTTP_IF_MATCH": '"v9"'}
        elif status == 413:
            extra = {REFUSAL: PayloadTooLarge()}
        elif status == 415:
            return client.generic(
                "POST", path, b"x", content_type="text/plain", HTTP_ORIGIN=APP
            )
        elif status == 422:
            method, path, body = "post", "/api/me/tasks", {}
        elif status == 429:
            settings.RATE_LIMITS = settings.RATE_LIMITS | {"user": (0, 60)}
        elif status == 500:
            monkeypatch.setattr("todos.api.tasks.TaskListView.get", failing(ValueError))
        elif status == 503:
            monkeypatch.setattr(
                "todos.api.tasks.TaskListView.get", failing(OperationalError)
            )
        return getattr(client, method)(path, body, HTTP_ORIGIN=APP, **extra)

    return answer


@pytest.mark.parametrize(
    "status",
    [200, 201, 204, 304, 400, 401, 403, 404, 405, 412, 413, 415, 422, 429, 500, 503],
)
def test_a_configured_origin_may_read_every_response(answers, status):
    response = answers(status)

    assert response.status_code == status
    assert response["Access-Control-Allow-Origin"] == APP
    assert response["Access-Control-Allow-Credentials"] == "true"
    assert "origin" in response["Vary"].lower()
    exposed = response["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Retry-After", "X-Request-ID"} <= set(exposed)


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/api/v1/nothing"])
def test_a_response_without_an_origin_varies_by_it(client, db, path):
    assert "origin" in client.get(path)["Vary"].lower()


# --- Cookies ----------------------------------------------------------------------

READS = ["/api/v1/tasks", "/api/v1/users/me", "/api/v1/export", "/api/me/tasks"]


def browser(page_as, user):
    client = page_as(user)
    assert client.get("/api/v1/users/me").status_code == 200
    return client


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("origin", [APP, *FOREIGN])
def test_a_session_reads_nothing_for_another_origin(page_as, alice, origin, path):
    client = browser(page_as, alice)

    response = client.get(path, headers={"Origin": origin})

    assert response.status_code == 401
    code = response.json()
    assert "token_not_valid" in {code.get("code"), code.get("error", {}).get("code")}


@pytest.mark.parametrize("origin", [APP, *FOREIGN])
def test_a_session_writes_nothing_for_another_origin(page_as, alice, origin):
    client = browser(page_as, alice)
    client.handler.enforce_csrf_checks = True
    client.get("/")
    csrf = client.cookies[configured.CSRF_COOKIE_NAME].value

    for path in ("/api/v1/tasks", "/api/me/tasks"):
        response = client.post(
            path,
            {"title": "Not mine"},
            content_type="application/json",
            headers={"Origin": origin, "X-CSRFToken": csrf},
        )
        assert response.status_code == 401
    assert not Task.objects.exists()


@pytest.mark.parametrize("headers", EMBEDDED, ids=str)
def test_a_session_reads_nothing_for_an_element_of_another_page(
    page_as, alice, headers
):
    client = browser(page_as, alice)

    assert client.get("/api/v1/tasks", headers=headers).status_code == 401


@pytest.mark.parametrize("link", [LINK, LINK_BY_WORKER], ids=["browser", "worker"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_a_link_on_another_page_opens_the_api_and_the_pages(page_as, alice, site, link):
    client = browser(page_as, alice)
    headers = {"Sec-Fetch-Site": site, **link}

    assert client.get("/api/v1/tasks", headers=headers).status_code == 200
    assert client.get("/", headers=headers).status_code == 200


def test_a_form_on_another_page_does_not_count_as_a_link(page_as, alice):
    client = browser(page_as, alice)
    headers = {"Sec-Fetch-Site": "cross-site", **LINK}

    response = client.post("/api/v1/tasks", {"title": "x"}, headers=headers)

    assert response.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OWN},
        {"Origin": OWN, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "none", **LINK},
        {},
    ],
    ids=str,
)
def test_a_session_counts_for_our_own_pages(page_as, alice, headers):
    client = browser(page_as, alice)
    client.handler.enforce_csrf_checks = True
    client.get("/")
    csrf = client.cookies[configured.CSRF_COOKIE_NAME].value

    read = client.get("/api/v1/tasks", headers=headers)
    written = client.post(
        "/api/v1/tasks",
        {"title": "Buy milk"},
        content_type="application/json",
        headers={**headers, "X-CSRFToken": csrf},
    )

    assert (read.status_code, written.status_code) == (200, 201)


def test_a_session_counts_at_each_of_our_hosts(page_as, alice, settings):
    settings.ALLOWED_HOSTS = ["lists.example", "localhost"]
    client = page_as(alice)

    own = {"Host": "localhost:8000", "Origin": "http://localhost:8000"}
    other = {"Host": "localhost:8000", "Origin": "http://lists.example"}

    assert client.get("/api/v1/tasks", headers=own).status_code == 200
    assert client.get("/api/v1/tasks", headers=other).status_code == 401


def test_a_session_counts_behind_a_proxy_that_ends_https(page_as, alice, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://lists.example"]
    client = page_as(alice)

    own = client.get("/api/v1/tasks", headers={"Origin": "https://lists.example"})

    assert own.status_code == 200


@pytest.mark.parametrize("origin", [APP, "https://evil.example", "null"])
def test_a_token_counts_from_any_origin_and_no_cookie_replaces_it(
    page_as, api_as, alice, bob, origin
):
    TaskFactory(owner=alice, title="Of Alice")
    bearer = api_as(alice)._credentials["HTTP_AUTHORIZATION"]
    client = browser(page_as, bob)
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}

    good = client.get("/api/v1/tasks", headers={**headers, "Authorization": bearer})
    bad = client.get("/api/v1/tasks", headers={**headers, "Authorization": "Bearer x"})

    assert [task["title"] for task in good.json()["results"]] == ["Of Alice"]
    assert bad.status_code == 401


@pytest.mark.parametrize("origin", [APP, "https://evil.example", "null"])
def test_a_page_takes_no_form_of_another_origin(page_as, alice, origin):
    client = browser(page_as, alice)
    client.handler.enforce_csrf_checks = True
    client.get("/")
    csrf = client.cookies[configured.CSRF_COOKIE_NAME].value

    form = {"text": "Buy milk", "csrfmiddlewaretoken": csrf}

    refused = client.post("/quick/", form, headers={"Origin": origin})
    assert refused.status_code == 403
    assert not Task.objects.exists()

    client.post("/quick/", form, headers={"Origin": OWN})
    assert Task.objects.get().title == "Buy milk"


def test_a_page_shows_another_origin_nothing(page_as, alice):
    TaskFactory(owner=alice, title="Buy milk")
    client = browser(page_as, alice)

    response = client.get("/inbox/", headers={"Origin": APP})

    assert response.status_code == 302
    assert b"Buy milk" not in response.content


def test_another_origin_ends_and_changes_no_session(page_as, alice):
    client = browser(page_as, alice)
    before = {name: morsel.value for name, morsel in client.cookies.items()}
    stored = list(BrowserSession.objects.values())

    for path in ("/", "/api/v1/tasks", "/api/docs", "/accounts/login/"):
        for accepted in ("text/html", "application/json"):
            headers = {"Origin": APP, "Accept": accepted}
            response = client.get(path, headers=headers)
            assert not response.cookies, path

    assert {name: morsel.value for name, morsel in client.cookies.items()} == before
    assert list(BrowserSession.objects.values()) == stored
    assert client.get("/api/v1/users/me").status_code == 200


def test_another_origin_signs_in_by_password_and_sets_no_cookie(db, alice):
    response = Client(headers={"Origin": APP}).post(
        "/api/v1/auth/token",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
    )

    assert response.status_code == 200
    assert json.loads(response.content).keys() == {"access", "refresh"}
    assert not response.cookies


def test_another_origin_cannot_delete_the_account(page_as, alice):
    response = browser(page_as, alice).delete(
        "/api/v1/users/me", headers={"Origin": APP}
    )

    assert response.status_code == 401
    assert User.objects.get().is_active
