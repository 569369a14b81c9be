import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories import PASSWORD

URL = "/api/v1/auth/register"
NEW = {"email": "carol@example.com", "password": PASSWORD}
ASCII_ONLY = "Use ASCII characters only; write an international domain as xn--\u2026."
UNUSUAL = (
    "Write the address as it is usually written: without quotes, brackets or encoded"
    " words."
)


def test_creates_an_account_with_an_inbox_and_signs_it_in(api, db):
    response = api.post(URL, NEW)

    assert response.status_code == 201
    body = response.json()
    assert body.keys() == {"user", "access", "refresh"}
    user = User.objects.get()
    assert body["user"]["id"] == str(user.pk)
    assert body["user"]["email"] == "carol@example.com"
    assert user.check_password(PASSWORD)
    assert user.task_lists.get().is_inbox
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert api.get("/api/v1/users/me").json() == body["user"]


def test_keeps_the_address_in_lower_case(api, db):
    api.post(URL, NEW | {"email": "Carol@Example.COM"})

    assert User.objects.get().email == "carol@example.com"


def test_records_the_sign_up_and_mails_a_link(api, db):
    api.post(URL, NEW)

    assert User.objects.get().security_events.get().kind == "signed_up"
    assert mail.outbox[0].to == ["carol@example.com"]


def test_never_answers_with_the_password(api, db):
    response = api.post(URL, NEW)

    assert PASSWORD not in response.text


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com"])
def test_refuses_a_known_address_where_verification_is_optional(api, alice, email):
    response = api.post(URL, NEW | {"email": email})

    assert response.status_code == 409
    assert response.json()["code"] == "email_taken"
    assert User.objects.count() == 1


def test_answers_known_and_unknown_alike_where_verification_is_mandatory(
    api, alice, settings
):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    known = api.post(URL, NEW | {"email": alice.email})
    unknown = api.post(URL, NEW)

    assert (known.status_code, unknown.status_code) == (202, 202)
    assert known.content == unknown.content
    assert "access" not in unknown.json()
    assert {message.to[0] for message in mail.outbox} == {alice.email, NEW["email"]}
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_gives_no_token_before_the_address_is_verified(api, db, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    api.post(URL, NEW)

    before = api.post("/api/v1/auth/token", NEW)
    EmailAddress.objects.update(verified=True)
    after = api.post("/api/v1/auth/token", NEW)

    assert before.status_code == 403
    assert before.json()["code"] == "email_not_verified"
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "carol"),
        ("email", "carol@"),
        ("email", "a" * 250 + "@example.com"),
        ("email", "cárol@example.com"),
        ("email", "carol@exämple.com"),
        ("email", "carol\x00@example.com"),
        ("email", "\ud800@example.com"),
        ("email", "carol@example.com\nBcc: bob@example.com"),
        ("email", None),
        ("email", 7),
        ("email", ["carol@example.com"]),
        ("email", {"$ne": ""}),
        ("password", ""),
        ("password", "short"),
        ("password", "password1234"),
        ("password", "carol@example.com"),
        ("password", "a" * 257),
        ("password", "nul \x00 in the middle of it"),
        ("password", "lone \ud800 surrogate in it"),
        ("password", 123456789012),
        ("password", None),
        ("password", ["correct horse battery"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_names_the_field_that_is_wrong_and_stores_nothing(api, db, field, value):
    body = json.dumps(NEW | {field: value})

    response = api.post(URL, body, content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not User.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("carol", "Enter a valid e-mail address."),
        ("c\u00e1rol@example.com", ASCII_ONLY),
        ("mi\u212ae@example.com", ASCII_ONLY),
        ("carol\x00@example.com", ASCII_ONLY),
        ("\ud800@example.com", ASCII_ONLY),
        ("a" * 400, "Use an address of at most 254 characters."),
        ("\u00e4" * 400, "Use an address of at most 254 characters."),
        ('"carol"@example.com', UNUSUAL),
    ],
    ids=ascii,
)
def test_gives_one_message_for_an_invalid_address(api, db, email, message):
    body = json.dumps(NEW | {"email": email})

    response = api.post(URL, body, content_type="application/json")

    assert response.json()["errors"] == {"email": [message]}


@pytest.mark.parametrize("missing", ["email", "password"])
def test_names_the_field_that_is_missing(api, db, missing):
    response = api.post(URL, {name: NEW[name] for name in NEW if name != missing})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [missing]


@pytest.mark.parametrize("length", [15, 256])
def test_accepts_passwords_up_to_the_limits(api, db, length):
    password = "horse battery staple correct " * 9
    assert len(password) > length

    response = api.post(URL, NEW | {"password": password[:length]})

    assert response.status_code == 201


def test_takes_a_password_as_it_is_typed(api, db):
    password = "  spaces, and an ümlaut  "

    api.post(URL, NEW | {"password": password})

    assert User.objects.get().check_password(password)


def test_sets_no_field_that_grants_permissions(api, db):
    wish = {"is_staff": True, "is_superuser": True, "is_active": False, "id": "1"}

    api.post(URL, NEW | wish)

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)


def test_is_limited_by_address(api, db, settings, one_rate_window):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"register": (2, 3600)}
    bad = NEW | {"password": "short"}

    statuses = [api.post(URL, bad).status_code for _ in range(3)]

    assert statuses == [400, 400, 429]
    limited = api.post(URL, NEW)
    assert 0 < int(limited["Retry-After"]) <= 3600
    assert limited.json()["code"] == "throttled"


@pytest.mark.django_db(transaction=True)
def test_concurrent_registrations_create_one_account():
    def send(_):
        try:
            return APIClient().post(URL, NEW).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(send, range(4)))

    assert sorted(statuses) == [201, 409, 409, 409]
    assert User.objects.count() == 1
