import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.credentials import RECENT

URL = "/api/v1/users/me"


def test_shows_the_caller(api_as, alice):
    response = api_as(alice).get(URL)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(alice.pk),
        "email": "alice@example.com",
        "display_name": "Alice",
        "timezone": "UTC",
        "day_start": 0,
        "week_start": "monday",
        "theme": "system",
        "clock": "24h",
        "density": "comfortable",
        "letter_keys": True,
        "show_statistics": True,
        "reminder_mails": True,
    }


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_requires_a_credential(api, db, method):
    response = getattr(api, method)(URL)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_changes_only_the_named_fields(api_as, alice):
    response = api_as(alice).patch(
        URL, {"timezone": "Europe/Berlin", "day_start": 4, "theme": "dark"}
    )

    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.timezone, alice.day_start, alice.theme) == (
        "Europe/Berlin",
        4,
        "dark",
    )
    assert alice.display_name == "Alice"


def test_switches_reminder_mails_off_and_on(api_as, alice):
    client = api_as(alice)

    off = client.patch(URL, {"reminder_mails": False})
    assert off.json()["reminder_mails"] is False
    alice.refresh_from_db()
    assert not alice.reminder_mails

    assert client.patch(URL, {"reminder_mails": True}).json()["reminder_mails"] is True


@pytest.mark.parametrize("wish", [None, "", "perhaps", 2, [], {}], ids=repr)
def test_reminder_mails_are_on_or_off(api_as, alice, wish):
    response = api_as(alice).patch(URL, {"reminder_mails": wish})

    assert response.status_code == 400
    assert response.json()["errors"].keys() == {"reminder_mails"}
    alice.refresh_from_db()
    assert alice.reminder_mails


def test_grants_no_permissions_and_keeps_the_address(api_as, alice):
    wish = {
        "id": "00000000-0000-0000-0000-000000000000",
        "email": "bob@example.com",
        "is_staff": True,
        "is_superuser": True,
        "credential_epoch": 7,
        "password": "x",
    }
    before = alice.password

    response = api_as(alice).patch(URL, wish)

    assert response.status_code == 200
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert (alice.is_staff, alice.is_superuser) == (False, False)
    assert (alice.credential_epoch, alice.password) == (0, before)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Europe/Atlantis"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("timezone", None),
        ("timezone", 1),
        ("timezone", "UTC\x00"),
        ("day_start", 24),
        ("day_start", -1),
        ("day_start", 1.5),
        ("day_start", "noon"),
        ("day_start", "5"),
        ("day_start", 5.0),
        ("day_start", None),
        ("day_start", True),
        ("day_start", 10**29),
        ("day_start", []),
        ("week_start", "friday"),
        ("week_start", []),
        ("week_start", {}),
        ("theme", "pink"),
        ("theme", None),
        ("clock", "24"),
        ("density", "dense"),
        ("display_name", "a" * 101),
        ("display_name", "nul \x00 inside"),
        ("display_name", "\ud800"),
        ("display_name", 7),
        ("display_name", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_names_the_field_that_is_wrong(api_as, alice, field, value):
    response = api_as(alice).patch(
        URL, json.dumps({field: value}), content_type="application/json"
    )

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_deletion_locks_the_account_and_waits_a_week(api_as, alice):
    client = api_as(alice)

    response = client.delete(URL)

    assert response.status_code == 204
    alice.refresh_from_db()
    assert not alice.is_active
    assert alice.delete_after > timezone.now() + timedelta(days=6)
    assert client.get(URL).status_code == 401


@pytest.mark.parametrize("is_known", [False, True])
def test_deletion_asks_for_a_recent_sign_in(api_as, alice, is_known):
    authenticated_at = timezone.now() - RECENT if is_known else None

    response = api_as(alice, authenticated_at=authenticated_at).delete(URL)

    assert response.status_code == 403
    assert response.json()["code"] == "recent_sign_in_required"
    alice.refresh_from_db()
    assert alice.is_active


def test_refreshing_a_token_is_not_a_recent_sign_in(api, alice):
    hour_ago = timezone.now() - timedelta(hours=1)
    pair = tokens.start_family(user=alice, at=hour_ago, authenticated_at=hour_ago)
    fresh = tokens.rotate(refresh=pair.refresh, at=timezone.now())
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {fresh.access}")

    assert api.delete(URL).status_code == 403


def test_a_session_without_a_proof_cannot_delete_the_account(page_as, alice):
    response = page_as(alice, authenticated_at=None).delete(URL)

    assert response.status_code == 403
    alice.refresh_from_db()
    assert alice.is_active


def test_the_id_of_another_user_in_the_route_is_not_found(api_as, alice, bob):
    assert api_as(bob).get(f"/api/v1/users/{alice.pk}").status_code == 404


@pytest.mark.parametrize("field", ["reminder_mails", "letter_keys", "show_statistics"])
@pytest.mark.parametrize("wrong", [0, "true", None], ids=repr)
def test_a_switch_must_be_true_or_false(api_as, alice, field, wrong):
    refused = api_as(alice).patch("/api/v1/users/me", {field: wrong})

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [field]


def test_changes_how_the_pages_look(api_as, alice):
    look = {
        "clock": "12h",
        "density": "compact",
        "letter_keys": False,
        "show_statistics": False,
    }

    response = api_as(alice).patch(URL, look)

    assert {name: response.json()[name] for name in look} == look
    alice.refresh_from_db()
    assert {name: getattr(alice, name) for name in look} == look
