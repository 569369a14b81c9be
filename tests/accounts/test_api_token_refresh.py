import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import SecurityEvent

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = "/api/v1/auth/token/refresh"


@pytest.fixture
def pair(alice):
    return tokens.start_family(user=alice, at=timezone.now())


def test_gives_the_next_pair(api, pair):
    response = api.post(URL, {"refresh": pair.refresh})

    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"access", "refresh"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert client.get("/api/v1/users/me").status_code == 200
    assert api.post(URL, {"refresh": body["refresh"]}).status_code == 200


def test_ignores_other_credentials(api, pair):
    api.credentials(HTTP_AUTHORIZATION="Bearer expired")

    assert api.post(URL, {"refresh": pair.refresh}).status_code == 200


def test_a_token_that_is_reused_too_late_ends_the_sign_in(api, pair, alice, settings):
    newest = api.post(URL, {"refresh": pair.refresh}).json()
    settings.REFRESH_REUSE_GRACE = timedelta(seconds=-1)

    again = api.post(URL, {"refresh": pair.refresh})

    assert again.status_code == 401
    assert again["WWW-Authenticate"] == "Bearer"
    assert again.json()["code"] == "token_not_valid"
    assert api.post(URL, {"refresh": newest["refresh"]}).status_code == 401
    assert alice.security_events.get().kind == SecurityEvent.Kind.TOKEN_REUSED


@pytest.mark.parametrize(
    "token", ["a", "a.b.c", "ü", "null", "eyJhbGciOiJub25lIn0.e30."]
)
def test_refuses_invalid_refresh_tokens(api, db, token):
    response = api.post(URL, {"refresh": token})

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"


@pytest.mark.parametrize(
    "value", ["", None, 7, True, [], {}, "a" * 4097, "a\x00b", "\ud800"], ids=repr
)
def test_names_the_field_that_is_wrong(api, db, value):
    body = json.dumps({"refresh": value})

    response = api.post(URL, body, content_type="application/json")

    assert response.status_code in {400, 401}
    if response.status_code == 400:
        assert list(response.json()["errors"]) == ["refresh"]


def test_names_the_field_that_is_missing(api, db):
    response = api.post(URL, {})

    assert response.status_code == 400
    assert response.json()["errors"] == {"refresh": ["This field is required."]}


def test_is_limited_by_network_address(api, db, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"refresh": (1, 60)}
    api.post(URL, {"refresh": "a.b.c"})

    response = api.post(URL, {"refresh": "a.b.c"})

    assert response.status_code == 429
