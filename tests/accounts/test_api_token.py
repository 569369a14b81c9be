import json

import pytest
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, SecurityEvent, User
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = "/api/v1/auth/token"


@pytest.fixture
def sign_in(api):
    def send(**body):
        body = {"email": "alice@example.com", "password": PASSWORD} | body
        return api.post(URL, json.dumps(body), content_type="application/json")

    return send


def test_gives_a_pair_that_opens_the_api(sign_in, alice):
    response = sign_in()

    assert response.status_code == 200
    pair = response.json()
    assert pair.keys() == {"access", "refresh"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.get("/api/v1/users/me").json()["id"] == str(alice.pk)


def test_reads_the_address_without_regard_to_case(sign_in, alice):
    assert sign_in(email="ALICE@Example.com").status_code == 200


def test_records_the_sign_in(sign_in, alice):
    sign_in()

    assert alice.security_events.get().kind == SecurityEvent.Kind.SIGNED_IN


def test_refuses_an_unknown_address_and_a_wrong_password_in_the_same_bytes(
    sign_in, alice
):
    wrong = sign_in(password="another long enough phrase")
    unknown = sign_in(email="nobody@example.com")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong["WWW-Authenticate"] == unknown["WWW-Authenticate"] == "Bearer"
    assert not RefreshFamily.objects.exists()


def test_records_a_failed_sign_in_on_the_account(sign_in, alice):
    sign_in(password="another long enough phrase")

    assert alice.security_events.get().kind == SecurityEvent.Kind.SIGN_IN_FAILED


def test_refuses_a_deactivated_user_like_a_wrong_password(sign_in, alice):
    wrong = sign_in(password="another long enough phrase")
    User.objects.update(is_active=False)

    locked = sign_in()

    assert (locked.status_code, locked.content) == (401, wrong.content)


def test_refuses_a_user_without_a_password(sign_in, alice):
    alice.set_unusable_password()
    alice.save()

    assert sign_in(password="!").status_code == 401
    assert sign_in(password=alice.password).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "alice"),
        ("email", None),
        ("email", ["alice@example.com"]),
        ("email", "alice@example.com\x00"),
        ("email", "\udfff@example.com"),
        ("password", ""),
        ("password", None),
        ("password", 7),
        ("password", {"$gt": ""}),
        ("password", "a" * 257),
        ("password", "nul \x00"),
        ("password", "lone \ud800 surrogate"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_names_the_field_that_is_wrong(sign_in, alice, field, value):
    response = sign_in(**{field: value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_is_limited_by_wrong_passwords_even_for_the_right_one(sign_in, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in": (3, 300)}

    statuses = [sign_in(password="guess the phrase").status_code for _ in range(3)]
    limited = sign_in(email="ALICE@example.com")

    assert statuses == [401, 401, 401]
    assert limited.status_code == 429
    assert 0 < int(limited["Retry-After"]) <= 300


def test_is_limited_by_network_address_across_accounts(sign_in, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in-address": (2, 300)}

    statuses = [
        sign_in(email=f"external_user{number}@example.com").status_code
        for number in range(3)
    ]

    assert statuses == [401, 401, 429]


def test_a_forged_forwarding_header_does_not_evade_a_limit(api, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in-address": (2, 300)}
    body = {"email": "nobody@example.com", "password": PASSWORD}

    statuses = [
        api.post(URL, body, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code
        for number in range(3)
    ]

    assert statuses == [401, 401, 429]


def test_an_old_hash_is_upgraded_without_ending_anything(sign_in, alice, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    response = sign_in()

    alice.refresh_from_db()
    assert response.status_code == 200
    assert alice.password.startswith("pbkdf2_sha256$")
    assert alice.credential_epoch == 0
