"""The headers of every kind of answer."""

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
from rest_framework.test import APIClient

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


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def response(request, page_as, sam):
    return page_as(sam).get(request.param)


def test_every_answer_says_what_browsers_may_do_with_it(response):
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Request-ID"]


def test_every_answer_has_the_strict_policy(response):
    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in response["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    for word in ("unsafe", "http:", "https:", "*", "nonce", "data: "):
        assert word not in policy["script-src"], word


def test_no_personal_answer_is_kept_by_a_cache(response):
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/api/v1/tasks", "/api/v1/tasks/x", "/x/"])
def test_refusals_are_no_exception(db, path):
    response = Client().get(path)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_no_answer_tells_which_software_this_is(response):
    text = str(dict(response.headers)).lower()

    assert "django" not in text
    assert "python" not in text
    assert "Server" not in response


def test_a_static_file_may_be_kept_for_ever_by_its_name(client):
    # HEAD, as the body would be an open file.
    response = client.head(staticfiles_storage.url("css/base.css"))

    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_the_published_keys_may_be_kept_for_minutes(client):
    cache_control = client.get("/.well-known/jwks.json")["Cache-Control"]

    assert set(cache_control.split(", ")) == {"public", "max-age=300"}


def test_an_answer_of_the_api_depends_on_who_asks(api_as, alice):
    response = api_as(alice).get("/api/v1/tasks")

    assert "Accept" in response["Vary"]
    assert "Set-Cookie" not in response


# --- Other origins ----------------------------------------------------------------

APP = "https://app.example"


def preflight(origin):
    return APIClient().options(
        "/api/v1/tasks",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )


@pytest.mark.parametrize("origin", [APP, "null", "https://evil.example"])
def test_no_other_origin_may_read_the_api_by_default(db, origin):
    assert "Access-Control-Allow-Origin" not in preflight(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil.example",
        "https://xapp.example",
        "https://app.example:8443",
    ],
)
def test_only_the_named_origins_may(db, settings, origin):
    settings.CORS_ALLOWED_ORIGINS = [APP]

    assert preflight(APP)["Access-Control-Allow-Origin"] == APP
    assert "Access-Control-Allow-Origin" not in preflight(origin)


def test_no_other_origin_is_ever_given_cookies(db, settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]

    assert "Access-Control-Allow-Credentials" not in preflight(APP)


def test_no_other_origin_may_read_a_page(client, db, settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]

    response = client.get("/accounts/login/", headers={"Origin": APP})

    assert "Access-Control-Allow-Origin" not in response
