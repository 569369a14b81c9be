"""`GET /api/v1/security-events`: the words of the page, and a chain to verify."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts import event_chains, events
from accounts.event_filters import FILTERS
from accounts.models import EventChain, SecurityEvent
from tests.event_verifier import verify
from tests.personal_tokens import text_of

Kind = SecurityEvent.Kind
URL = "/api/v1/security-events"
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
COVERED = "about,at,by,chain,id,kind,number,previous,request_id,user,digest"


def record(user, kind, minutes=0, **facts):
    return events.record(user, kind, at=NOON + timedelta(minutes=minutes), **facts)


def all_of(client, **query):
    """Every event of the collection, and the number of pages that it took."""
    url, found, pages = URL, [], 0
    while url:
        page = client.get(url, query if pages == 0 else {}).json()
        url, pages = page["next"], pages + 1
        found += page["results"]
    return found, pages


def test_shows_the_words_of_the_page_and_what_is_chained(api_as, alice, sam):
    event = record(alice, Kind.FACTOR_REMOVED, about="totp", by=sam)

    (shown,) = api_as(alice).get(URL).json()["results"]

    assert shown == {
        "id": str(event.pk),
        "kind": "factor_removed",
        "at": "2026-11-29T12:00:00.000000+00:00",
        "what": "Second step removed",
        "detail": "authenticator app",
        "is_by_support": True,
        "about": "totp",
        "by": event.by_digest,
        "request_id": event.request_id,
        "user": str(alice.pk),
        "chain": "account",
        "number": 1,
        "previous": "",
        "digest": event.digest,
    }
    assert str(sam.pk) not in json.dumps(shown)


def test_needs_a_credential(api, db):
    assert api.get(URL).status_code == 401


def test_shows_nothing_of_another_user(api_as, alice, bob):
    record(alice, Kind.EXPORTED)

    assert api_as(bob).get(URL).json()["results"] == []


def test_shows_each_event_once_over_the_pages_the_latest_first(api_as, alice):
    for minute in range(7):  # some at the same moment
        record(alice, Kind.EXPORTED, minute // 2)

    found, pages = all_of(api_as(alice), page_size=3)

    assert [one["number"] for one in found] == [7, 6, 5, 4, 3, 2, 1]
    assert pages == 3


def test_a_page_leads_back_to_the_one_before(api_as, alice):
    for minute in range(4):
        record(alice, Kind.EXPORTED, minute)
    client = api_as(alice)
    first = client.get(URL, {"page_size": 2}).json()
    second = client.get(first["next"]).json()

    before = client.get(second["previous"]).json()

    assert first["previous"] is None
    assert before["results"] == first["results"]


def test_a_page_takes_two_queries(api_as, alice, django_assert_num_queries):
    for minute in range(60):
        record(alice, Kind.EXPORTED, minute)
    client = api_as(alice)

    with django_assert_num_queries(2):
        client.get(URL)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_as_the_page_does(api_as, page_as, alice, sam, name):
    browser = page_as(alice)
    record(alice, Kind.EXPORTED, about="csv")
    record(alice, Kind.FACTOR_ADDED, about="passkey")
    record(alice, Kind.SIGN_IN_FAILED)
    record(alice, Kind.DEACTIVATED, by=sam)
    rows = browser.get(reverse("accounts:security-events"), {"show": name})

    found, _ = all_of(api_as(alice), show=name)

    assert [(one["what"], one["detail"]) for one in found] == [
        (row.what, row.detail) for row in rows.context["events"]
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"show": "everything"},
        {"show": "\0"},
        {"page_size": "0"},
        {"page_size": "201"},
        {"cursor": "1' OR '1'='1"},
        {"fields": "by_id"},
    ],
)
def test_refuses_parameters_by_name(api_as, alice, query):
    response = api_as(alice).get(URL, query)

    assert response.status_code == 400
    assert response.json()["errors"].keys() == query.keys()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_changes_or_deletes_events(api_as, alice, method):
    assert getattr(api_as(alice), method)(URL).status_code == 405


# --- Personal access tokens ---------------------------------------------------------


def test_a_token_needs_the_scope_of_these_events(api_with, alice):
    granted, other = (
        text_of(alice, scope) for scope in ("security:read", "account:read")
    )
    assert api_with(granted).get(URL).status_code == 200

    refusal = api_with(other).get(URL)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "insufficient_scope")


# --- The chain ----------------------------------------------------------------------


@pytest.fixture
def chained(api_as, alice, sam):
    """Alice's client, with five events in one chain and two in the other."""
    client = api_as(alice)
    for minute, kind in enumerate((Kind.FACTOR_ADDED, Kind.EXPORTED, Kind.SIGNED_OUT)):
        record(alice, kind, minute, about="passkey")
    record(alice, Kind.SUPPORT_LOOKED, 3, by=sam)
    record(alice, Kind.SIGNED_IN, 4, about="Firefox on Windows")
    for _ in range(2):
        events.record_attempt(alice.email, Kind.SIGN_IN_FAILED, at=NOON)
    return client


def lines_of(client):
    """The events as the verifier in the docs reads them."""
    found, _ = all_of(client, page_size=2, fields=COVERED)
    found.sort(key=lambda event: (event["chain"], event["number"]))
    return [json.dumps(event) for event in found]


def heads(user):
    return {
        one.chain: (one.number, one.digest)
        for one in EventChain.objects.filter(user=user)
    }


def test_the_verifier_accepts_what_a_program_read(chained, alice):
    mailed = {alice.security_events.get(kind=Kind.EXPORTED).digest}

    assert verify(lines_of(chained), mailed) == heads(alice)


def test_the_lines_are_those_of_the_downloaded_file(chained, alice, client):
    client.force_login(alice)
    download = client.get(reverse("accounts:security-events-download"))
    lines = b"".join(download.streaming_content).decode().splitlines()

    assert sorted(map(json.loads, lines_of(chained)), key=repr) == sorted(
        map(json.loads, lines), key=repr
    )


def test_the_verifier_accepts_the_rest_after_old_events_were_deleted(chained, alice):
    event_chains.delete_oldest(kept=2)

    lines = lines_of(chained)

    assert json.loads(lines[0])["number"] == 4
    assert verify(lines, set()) == heads(alice)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda rows: rows.filter(number=2).update(kind=Kind.SIGNED_UP),
        lambda rows: rows.filter(number=2).update(about="totp"),
        lambda rows: rows.filter(number=2).delete(),
        lambda rows: rows.filter(number=3).update(at=NOON),
    ],
    ids=["kind", "about", "removed", "time"],
)
def test_the_verifier_refuses_what_was_tampered_with(chained, alice, tamper):
    tamper(alice.security_events.filter(chain="account"))

    with pytest.raises(SystemExit, match="^Wrong: "):
        verify(lines_of(chained), set())


def test_shows_an_event_that_is_in_no_chain_yet(api_as, alice):
    SecurityEvent.objects.create(user=alice, kind=Kind.EXPORTED, at=NOON)

    (shown,) = api_as(alice).get(URL).json()["results"]

    assert (shown["number"], shown["previous"], shown["digest"]) == (None, "", "")
