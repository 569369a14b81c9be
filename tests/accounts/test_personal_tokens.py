"""Personal access tokens: their text, what they authenticate, and how they end."""

import re
import tomllib
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import credentials, personal_tokens
from accounts.models import PersonalAccessToken, SecurityEvent
from config.api.scopes import APPEND, READ, WRITE, with_included
from tests.factories import TaskFactory
from tests.personal_tokens import text_of, token_of
from tests.threads import in_a_thread

REFUSED = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "The credential is missing, expired or not valid.",
    "code": "token_not_valid",
}


def get(api_with, text, path="/api/v1/tasks"):
    return api_with(text).get(path)


# --- The text ---------------------------------------------------------------------


def test_the_text_has_a_prefix_random_characters_and_a_checksum():
    text = personal_tokens.new_text()

    assert re.fullmatch(personal_tokens.PATTERN, text)
    number = 0
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for digit in text[-6:]:
        number = number * 62 + alphabet.index(digit)
    assert number == zlib.crc32(text[:-6].encode())
    assert personal_tokens.new_text() != text


def test_only_a_digest_is_stored(alice):
    token, text = token_of(alice)

    row = PersonalAccessToken.objects.filter(pk=token.pk).values().get()
    assert row["digest"] == sha256(text.encode()).hexdigest()
    assert text not in str(row)
    assert text[8:] not in str(row)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text[:8] + ("a" if text[8] != "a" else "b") + text[9:],
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: "own_pat_" + "é" * 36,
        lambda text: "own_pat_",
        lambda text: "own_pat_" + "0" * 10_000,
    ],
)
def test_a_wrong_checksum_or_form_costs_no_query(alice, api_with, spoil):
    wrong = spoil(text_of(alice))

    with CaptureQueriesContext(connection) as queries:
        answer = get(api_with, wrong)

    assert answer.status_code == 401
    assert answer.json() == REFUSED
    assert answer["WWW-Authenticate"] == "Bearer"
    assert len(queries) == 0


# --- Requests ---------------------------------------------------------------------


def test_a_request_costs_one_query_more_than_with_an_access_token(
    alice, api_as, api_with
):
    TaskFactory(owner=alice)
    ours, theirs = api_as(alice), api_with(text_of(alice))
    for client in (ours, theirs):  # the first request compiles, and notes the use
        client.get("/api/v1/tasks")

    counts = []
    for client in (ours, theirs):
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/api/v1/tasks").status_code == 200
        counts.append(len(queries))

    assert counts == [1, 2]


def test_when_and_where_it_was_used_is_noted_once_a_minute(alice, rf):
    token, text = token_of(alice)
    first = timezone.now()
    home = rf.get("/", REMOTE_ADDR="192.0.2.7", headers={"user-agent": "curl/8.1"})
    away = rf.get("/", REMOTE_ADDR="198.51.100.7", headers={"user-agent": "Wget/1.21"})

    for seconds, request in ((0, home), (30, away), (59, away)):
        at = first + timedelta(seconds=seconds)
        personal_tokens.authenticate(text, request=request, at=at)
    token.refresh_from_db()
    assert token.last_used_at == first
    assert (token.device, token.network) == ("curl", "192.0.2.0/24")

    later = first + timedelta(seconds=60)
    personal_tokens.authenticate(text, request=away, at=later)
    token.refresh_from_db()
    assert token.last_used_at == later
    assert (token.device, token.network) == ("Wget", "198.51.100.0/24")


def unknown(alice, bob):
    return personal_tokens.new_text()


def expired(alice, bob):
    return text_of(alice, days=30, at=timezone.now() - timedelta(days=30))


def revoked(alice, bob):
    token, text = token_of(alice)
    personal_tokens.revoke(user=alice, token_id=token.pk, at=timezone.now())
    return text


def of_a_deactivated_user(alice, bob):
    text = text_of(alice)
    credentials.deactivate(user=alice, at=timezone.now())
    return text


def of_a_user_that_is_only_locked(alice, bob):
    text = text_of(alice)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    return text


def of_an_earlier_epoch(alice, bob):
    token, text = token_of(alice)
    credentials.sign_out_everywhere(user=alice, at=timezone.now())
    # The epoch alone ends it.
    PersonalAccessToken.objects.filter(pk=token.pk).update(revoked_at=None)
    return text


def of_a_deleted_user(alice, bob):
    text = text_of(bob)
    bob.delete()
    return text


@pytest.mark.parametrize(
    "case",
    [
        unknown,
        expired,
        revoked,
        of_a_deactivated_user,
        of_a_user_that_is_only_locked,
        of_an_earlier_epoch,
        of_a_deleted_user,
    ],
)
def test_every_refusal_has_the_same_answer(alice, bob, api_with, case):
    answer = get(api_with, case(alice, bob))

    assert answer.status_code == 401
    assert answer.json() == REFUSED
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_in_the_url_or_a_cookie_authenticates_nobody(alice):
    text = text_of(alice)
    browser = Client()
    browser.cookies["sessionid"] = browser.cookies["access_token"] = text

    assert browser.get("/api/v1/tasks").status_code == 401
    for name in ("access_token", "token"):
        assert Client().get("/api/v1/tasks", {name: text}).status_code == 401
    form = Client().post("/api/v1/tasks", {"access_token": text, "title": "x"})
    assert form.status_code == 401


def test_a_token_never_replaces_a_session_on_the_pages(alice, api_with):
    assert get(api_with, text_of(alice), "/").status_code == 302


def test_removed_scopes_no_longer_count(alice, api_with):
    token, text = token_of(alice, WRITE)
    client = api_with(text)
    assert client.post("/api/v1/tasks", {"title": "x"}).status_code == 201

    personal_tokens.narrow(
        user=alice, token_id=token.pk, scopes=[READ], at=timezone.now()
    )

    answer = client.post("/api/v1/lists", {"name": "x"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert answer["WWW-Authenticate"] == (
        'Bearer error="insufficient_scope", scope="tasks:write"'
    )


def test_scopes_are_only_taken_away(alice):
    token, _ = token_of(alice, READ, APPEND)

    for scopes in ([READ, WRITE], [READ, WRITE]):
        personal_tokens.narrow(
            user=alice, token_id=token.pk, scopes=scopes, at=timezone.now()
        )
    token.refresh_from_db()
    assert token.scopes == READ
    with pytest.raises(ValueError, match="scope"):
        personal_tokens.narrow(
            user=alice, token_id=token.pk, scopes=[APPEND], at=timezone.now()
        )
    [event] = alice.security_events.filter(kind="token_narrowed")
    assert event.about == str(token.pk)


def test_scopes_that_are_no_longer_known_permit_nothing():
    assert with_included(["tasks:everything"]) == frozenset()


# --- Its life ---------------------------------------------------------------------


def test_creating_and_revoking_are_recorded_and_happen_once(alice):
    token, _ = token_of(alice)
    now = timezone.now()

    done = [personal_tokens.revoke(user=alice, token_id=token.pk, at=now) for _ in "12"]

    assert done == [True, False]
    events = SecurityEvent.objects.filter(user=alice).order_by("at")
    assert list(events.values_list("kind", "about")) == [
        ("token_created", "personal-token"),
        ("credential_ended", "personal-token"),
    ]


def test_another_user_cannot_revoke_it(alice, bob, api_with):
    token, text = token_of(alice)

    assert not personal_tokens.revoke(user=bob, token_id=token.pk, at=timezone.now())
    assert get(api_with, text).status_code == 200


def test_ended_tokens_make_room(alice, monkeypatch):
    monkeypatch.setattr(personal_tokens, "MOST", 2)
    first, _ = token_of(alice)
    token_of(alice)
    with pytest.raises(personal_tokens.TooManyTokens):
        token_of(alice)

    personal_tokens.revoke(user=alice, token_id=first.pk, at=timezone.now())

    token_of(alice)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_maximum(alice, monkeypatch):
    monkeypatch.setattr(personal_tokens, "MOST", 3)

    def create():
        try:
            token_of(alice)
        except personal_tokens.TooManyTokens:
            return

    with ThreadPoolExecutor(6) as pool:
        for running in [in_a_thread(pool, create) for _ in range(6)]:
            running.result()

    assert PersonalAccessToken.objects.filter(user=alice).count() == 3


@pytest.mark.parametrize("days", [0, 367])
def test_the_expiry_is_mandatory_and_at_most_a_year_ahead(alice, days):
    with pytest.raises(ValueError, match="expiry"):
        token_of(alice, days=days)


def test_the_rule_for_secret_scanners_finds_every_token():
    path = Path(settings.BASE_DIR, "docs/examples/gitleaks.toml")
    [rule] = tomllib.loads(path.read_text())["rules"]
    text = personal_tokens.new_text()

    assert re.search(rule["regex"], f"TOKEN={text}\n")
    assert not re.search(rule["regex"], f"TOKEN={text}0")
    assert all(word in text for word in rule["keywords"])
    assert personal_tokens.PATTERN in rule["regex"]
