"""The effects of a public https address."""

import json
import os
import subprocess
import sys

import pytest
from django.test import Client

HTTPS = "https://lists.example.com"
LOOKED_AT = """
SESSION_COOKIE_NAME SESSION_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SESSION_COOKIE_DOMAIN
SESSION_COOKIE_PATH SESSION_COOKIE_SAMESITE CSRF_COOKIE_NAME CSRF_COOKIE_SECURE
PASSKEY_COOKIE_NAME TRUSTED_COOKIE_NAME DEVICE_COOKIE_NAME THEME_COOKIE_NAME
SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS SECURE_HSTS_INCLUDE_SUBDOMAINS
SECURE_HSTS_PRELOAD SECURE_PROXY_SSL_HEADER USE_X_FORWARDED_HOST
CSRF_TRUSTED_ORIGINS ALLOWED_HOSTS DEBUG ACCOUNT_DEFAULT_HTTP_PROTOCOL
"""
NAMES = LOOKED_AT.split()
SHOW = (
    "import json; from django.conf import settings;"
    f" print(json.dumps({{name: getattr(settings, name) for name in {NAMES}}}))"
)


def settings_for(**environment):
    """Return the settings of a new process with this environment."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={
            "SECRET_KEY": "s" * 64,
            "JWT_SIGNING_KEY": "j" * 64,
            "FACTOR_ENCRYPTION_KEY": "f" * 64,
            "OWNLIST_ENV_FILE": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATH": os.environ["PATH"],
        }
        | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_hsts_applies_only_to_the_host_by_default():
    alone = settings_for(BASE_URL=HTTPS)
    wide = settings_for(
        BASE_URL=HTTPS, HSTS_INCLUDE_SUBDOMAINS="true", HSTS_PRELOAD="true"
    )

    assert alone["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
    assert alone["SECURE_HSTS_PRELOAD"] is False
    assert wide["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert wide["SECURE_HSTS_PRELOAD"] is True


def test_hsts_requires_https():
    found = settings_for(
        BASE_URL="http://127.0.0.1:8000",
        HSTS_INCLUDE_SUBDOMAINS="true",
        HSTS_PRELOAD="true",
    )

    assert found["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
    assert found["SECURE_HSTS_PRELOAD"] is False


@pytest.mark.parametrize(
    ("subdomains", "preload", "header"),
    [
        (False, False, "max-age=31536000"),
        (True, False, "max-age=31536000; includeSubDomains"),
        (True, True, "max-age=31536000; includeSubDomains; preload"),
    ],
)
def test_the_header_follows_the_settings(settings, subdomains, preload, header):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = subdomains
    settings.SECURE_HSTS_PRELOAD = preload

    response = Client().get("/healthz", secure=True)

    assert response["Strict-Transport-Security"] == header


def test_an_https_address_gives_strict_settings():
    found = settings_for(BASE_URL=HTTPS)

    names = [found[name] for name in NAMES if name.endswith("_COOKIE_NAME")]
    assert len(set(names)) == 6
    assert all(name.startswith("__Host-") for name in names)
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    # Requirements of the prefix (RFC 6265bis): no domain, and the path /.
    assert found["SESSION_COOKIE_DOMAIN"] is None
    assert found["SESSION_COOKIE_PATH"] == "/"
    assert found["SECURE_HSTS_SECONDS"] >= 365 * 24 * 60 * 60
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["ALLOWED_HOSTS"] == ["lists.example.com"]
    assert found["CSRF_TRUSTED_ORIGINS"] == [HTTPS]
    assert found["ACCOUNT_DEFAULT_HTTP_PROTOCOL"] == "https"
    assert found["DEBUG"] is False


def test_plain_http_on_loopback_requires_no_https():
    found = settings_for()

    assert not found["SESSION_COOKIE_NAME"].startswith("__")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0
    assert found["SECURE_SSL_REDIRECT"] is False
    assert found["DEBUG"] is False


@pytest.mark.parametrize(("proxies", "believed"), [("0", False), ("1", True)])
def test_forwarding_headers_are_trusted_only_from_our_proxy(proxies, believed):
    found = settings_for(BASE_URL=HTTPS, PROXY_COUNT=proxies)

    assert bool(found["SECURE_PROXY_SSL_HEADER"]) is believed
    assert found["USE_X_FORWARDED_HOST"] is False


# --- A service behind https -------------------------------------------------------


@pytest.fixture
def public(settings):
    """The service with an https address."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    settings.SESSION_COOKIE_NAME = "__Host-ownlist_session"
    settings.CSRF_COOKIE_NAME = "__Host-ownlist_csrf"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    return Client()


@pytest.mark.parametrize("method", ["get", "post", "options"])
@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/me/tasks", "/api/docs"])
def test_the_api_over_plain_http_is_refused_not_redirected(
    public, api_as, alice, method, path
):
    authorization = api_as(alice)._credentials["HTTP_AUTHORIZATION"]

    response = getattr(public, method)(path, headers={"Authorization": authorization})

    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "https_required"
    assert "Location" not in response
    assert not alice.tasks.exists()


def test_the_api_over_https_works(public, api_as, alice):
    authorization = api_as(alice)._credentials["HTTP_AUTHORIZATION"]

    response = public.get(
        "/api/v1/tasks", headers={"Authorization": authorization}, secure=True
    )

    assert response.status_code == 200
    assert response["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_api_works_over_http_if_the_address_is_http(api_as, alice):
    assert api_as(alice).get("/api/v1/tasks").status_code == 200


def test_pages_redirect_from_http_to_https(public, db):
    response = public.get("/accounts/login/?next=/inbox/")

    assert response.status_code == 301
    assert response["Location"] == "https://testserver/accounts/login/?next=/inbox/"


def test_a_forged_forwarding_header_does_not_make_http_secure(public, db):
    response = public.get("/api/v1/tasks", headers={"X-Forwarded-Proto": "https"})

    assert response.json()["code"] == "https_required"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_work_over_http(public, db, path):
    assert public.get(path).status_code == 200


def test_cookies_are_limited_to_this_host_and_https(public, alice):
    page = public.get("/accounts/login/", secure=True)
    csrf = page.cookies["__Host-ownlist_csrf"]
    public.post(
        "/accounts/login/",
        {"login": alice.email, "password": "correct horse battery staple"},
        secure=True,
    )
    session = public.cookies["__Host-ownlist_session"]

    for cookie in (csrf, session):
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"]
