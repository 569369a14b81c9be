"""The headers of every kind of response."""

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import OperationalError
from django.test import Client

from config.api.problems import HeadersTooLarge, RequestTimeout
from config.front.answers import REFUSAL

pytestmark = pytest.mark.any_database

KINDS = {
    "a page": "/",
    "a public page": "/accounts/login/",
    "a page that is not there": "/no/such/page/",
    "an answer of the API": "/api/v1/tasks",
    "an address of the API that is not there": "/api/v1/nothing",
    "the reference": "/api/docs",
    "the admin": "/admin/",
    "a probe": "/healthz",
    "a redirect": "/.well-known/change-password",
}


# How to get other kinds of responses: (status, path, arguments).
ODD_KINDS = {
    "a redirect to https": (301, "/", {"https": True}),
    "the API over plain http": (403, "/api/v1/tasks", {"https": True}),
    "a host that is not ours": (400, "/", {"headers": {"Host": "evil.example"}}),
    "a method that is not there": (405, "/reminders/x/", {"method": "PUT"}),
    "a form without its token": (403, "/accounts/login/", {"method": "POST"}),
    "a slash too few": (301, "/inbox", {}),
    "a static file": (200, "/static/css/base.css", {"method": "HEAD"}),
    "a static file that is not there": (404, "/static/no.css", {}),
    "a body that is too large": (413, "/", {"length": 2_000_000}),
    "a body that did not come": (408, "/", {"refusal": RequestTimeout()}),
    "a head that is too large": (431, "/", {"refusal": HeadersTooLarge()}),
    "a preflight": (200, "/api/v1/tasks", {"method": "OPTIONS"}),
    "an outage": (503, "/", {"failure": OperationalError}),
    "a bug": (500, "/", {"failure": ValueError}),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def response(request, page_as, sam):
    return page_as(sam).get(request.param)


@pytest.fixture(params=ODD_KINDS.values(), ids=ODD_KINDS)
def odd_response(request, page_as, alice, settings, monkeypatch):
    status, path, how = request.param
    settings.SECURE_SSL_REDIRECT = how.get("https", False)
    client = page_as(alice)
    client.handler.enforce_csrf_checks = True
    client.raise_request_exception = False
    if failure := how.get("failure"):

        def fail(*args, **kwargs):
            raise failure

        monkeypatch.setattr("todos.pages.listing.TodayView.get", fail)
    extra = {"CONTENT_LENGTH": how.get("length", 0)}
    if refusal := how.get("refusal"):
        extra[REFUSAL] = refusal
    response = client.generic(
        how.get("method", "GET"), path, headers=how.get("headers"), **extra
    )
    assert response.status_code == status
    return response


def test_every_kind_of_response_has_the_headers(odd_response):
    assert odd_response["X-Content-Type-Options"] == "nosniff"
    assert odd_response["X-Frame-Options"] == "DENY"
    assert odd_response["Referrer-Policy"] == "same-origin"
    assert odd_response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert odd_response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in odd_response["Permissions-Policy"]
    assert "frame-ancestors 'none'" in odd_response["Content-Security-Policy"]
    assert odd_response["Cache-Control"]
    assert odd_response["X-Request-ID"]


def test_every_response_has_the_security_headers(response):
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Request-ID"]


def test_every_response_has_the_content_security_policy(response):
    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in response["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["worker-src"] == "'self'"
    for word in ("unsafe", "http:", "https:", "*", "nonce", "data: "):
        assert word not in policy["script-src"], word


def test_no_personal_response_is_cached(response):
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/api/v1/tasks", "/api/v1/tasks/x", "/x/"])
def test_refusals_have_the_headers(db, path):
    response = Client().get(path)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_no_response_names_the_software(response):
    text = str(dict(response.headers)).lower()

    assert "django" not in text
    assert "python" not in text
    assert "Server" not in response


def test_static_files_are_cached_forever(client):
    # HEAD, because the body would be an open file.
    response = client.head(staticfiles_storage.url("css/base.css"))

    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    policy = response["Content-Security-Policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'"


def test_the_public_keys_are_cached_for_minutes(client):
    cache_control = client.get("/.well-known/jwks.json")["Cache-Control"]

    assert set(cache_control.split(", ")) == {"public", "max-age=300"}


def test_api_responses_vary_by_credential(api_as, alice):
    response = api_as(alice).get("/api/v1/tasks")

    assert "Accept" in response["Vary"]
    assert "Set-Cookie" not in response
