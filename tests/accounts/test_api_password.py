import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from tests.factories import PASSWORD
from tests.signing_in import with_app

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = "/api/v1/auth/password"
CHANGE = {"old_password": PASSWORD, "new_password": "another long enough phrase"}


def test_changes_the_password(api_as, alice):
    response = api_as(alice).post(URL, CHANGE)

    assert response.status_code == 204
    alice.refresh_from_db()
    assert alice.check_password(CHANGE["new_password"])
    assert alice.security_events.get().kind == "password_changed"


def test_requires_a_credential(api, db):
    response = api.post(URL, CHANGE)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_the_current_sign_in_can_be_refreshed(alice):
    pair = tokens.start_family(user=alice, at=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")

    client.post(URL, CHANGE)

    refreshed = client.post("/api/v1/auth/token/refresh", {"refresh": pair.refresh})
    assert refreshed.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed.json()['access']}")
    assert client.get("/api/v1/users/me").status_code == 200


def test_the_current_session_continues(page_as, alice):
    browser, other = page_as(alice), page_as(alice)

    response = browser.post(URL, CHANGE, content_type="application/json")

    assert response.status_code == 204
    assert browser.get("/api/v1/users/me").status_code == 200
    assert other.get("/api/v1/users/me").status_code == 401


def test_refuses_a_wrong_old_password(api_as, alice):
    client = api_as(alice)

    response = client.post(URL, CHANGE | {"old_password": "not my password"})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["old_password"]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert client.get("/api/v1/users/me").status_code == 200


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "password1234",
        "alice@example.com",
        "a" * 257,
        None,
        7,
        "\ud800" * 12,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_refuses_a_new_password_that_is_too_weak(api_as, alice, password):
    body = json.dumps(CHANGE | {"new_password": password})

    response = api_as(alice).post(URL, body, content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["new_password"]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_is_limited_by_wrong_passwords(api_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"password": (2, 300)}
    client = api_as(alice)
    guess = CHANGE | {"old_password": "not my password"}

    statuses = [client.post(URL, guess).status_code for _ in range(2)]
    limited = client.post(URL, CHANGE)

    assert statuses == [400, 400]
    assert limited.status_code == 429


def test_a_user_with_a_second_factor_needs_a_recent_sign_in(api_as, alice):
    hour_ago = timezone.now() - timedelta(hours=1)
    with_app(alice, at=hour_ago)

    old = api_as(alice, authenticated_at=hour_ago).post(URL, CHANGE)
    recent = api_as(alice).post(URL, CHANGE)

    assert (old.status_code, old.json()["code"]) == (403, "recent_sign_in_required")
    assert recent.status_code == 204
