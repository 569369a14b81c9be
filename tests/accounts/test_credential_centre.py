"""The credential centre: one list of everything that authenticates a user."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import credential_centre as centre
from accounts import events, factors, personal_tokens, tokens
from accounts.credentials import Credential
from accounts.devices import Client as Device
from accounts.models import (
    BrowserSession,
    LinkedIdentity,
    PersonalAccessToken,
    RefreshFamily,
    SecurityEvent,
)
from tests.signing_in import (
    browser_of,
    factor_at,
    password_at,
    program_of,
    trusting,
)

PAGE = reverse("accounts:credentials")
OTHERS = reverse("accounts:credentials-end-others")
API = "/api/v1/credentials"
ME = "/api/v1/users/me"
REFRESH = "/api/v1/auth/token/refresh"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
LAPTOP = Device("Firefox on Windows", "203.0.113.0/24")


@pytest.fixture
def browser(alice):
    return browser_of(alice, proof=factor_at(timezone.now()))


@pytest.fixture
def everything(alice, browser):
    """Give Alice one credential of each kind, beside her browser."""
    now = timezone.now()
    pair = tokens.start_family(user=alice, at=now, client=LAPTOP)
    limits = personal_tokens.Limits(["tasks:append"], now + timedelta(days=30))
    personal_tokens.create(user=alice, name="Kitchen", limits=limits, at=now)
    LinkedIdentity.objects.create(
        user=alice,
        issuer="https://id.example",
        subject="1",
        known_as="alice@id.example",
        created_at=now,
        last_used_at=now,
    )
    passkey = factors.NewPasskey("", "id", 0, signs_in=True)
    factors.add_passkey(user=alice, passkey=passkey, name="Blue key", at=now)
    headers = {"user-agent": PHONE}
    request = RequestFactory().get("/", headers=headers)
    trusting(alice, at=now, request=request)
    EmailAddress.objects.create(user=alice, email="new@example.com")
    return pair


def listed(client):
    return client.get(API).json()["results"]


def ids(client, kind):
    return [entry["id"] for entry in listed(client) if entry["kind"] == kind]


def test_lists_every_kind_in_words(everything, browser):
    found = {entry["kind"]: entry for entry in listed(browser)}

    assert {kind: entry["name"] for kind, entry in found.items()} == {
        "session": "Unknown browser",
        "token": "Firefox on Windows",
        "personal-token": "Kitchen",
        "identity": "alice@id.example at https://id.example",
        "passkey": "Blue key",
        "recovery-codes": "Recovery codes: 10 left",
        "trusted-browser": "Safari on iPhone",
        "address-link": "Link mailed to new@example.com",
    }
    assert found["token"]["network"] == "203.0.113.0/24"
    assert found["personal-token"]["may"] == "Add tasks, without reading anything"
    assert [kind for kind, entry in found.items() if entry["is_current"]] == ["session"]


def test_the_page_shows_the_same(everything, browser):
    page = browser.get(PAGE).text

    for entry in listed(browser):
        assert entry["name"] in page
        assert entry["may"] in page
    assert page.count("this browser</span>") + page.count("this browser\n") == 1
    assert "From network 203.0.113.0/24" in page


def test_says_nothing_secret(everything, browser):
    answer = browser.get(API).text + browser.get(PAGE).text
    token = PersonalAccessToken.objects.get()
    session = BrowserSession.objects.get()

    assert token.digest not in answer
    assert session.session_key not in answer
    assert session.auth_hash not in answer


@pytest.mark.parametrize(
    "kind", ["session", "token", "personal-token", "identity", "passkey"]
)
def test_ends_one_of_each_kind_and_records_it(everything, alice, browser, kind):
    other = browser_of(alice)
    [one, *_] = (
        entry["id"]
        for entry in listed(browser)
        if entry["kind"] == kind and not entry["is_current"]
    )

    assert browser.delete(f"{API}/{one}").status_code == 204

    assert one not in ids(browser, kind)
    assert browser.delete(f"{API}/{one}").status_code == 404
    assert browser.get(ME).status_code == 200
    assert other.get(ME).status_code == (401 if kind == "session" else 200)
    about = alice.security_events.order_by("-at", "-pk").first()
    assert about.kind in {
        SecurityEvent.Kind.CREDENTIAL_ENDED,
        SecurityEvent.Kind.IDENTITY_UNLINKED,
        SecurityEvent.Kind.FACTOR_REMOVED,
    }


def test_ends_one_of_two_browsers_on_the_page(alice, browser):
    other = browser_of(alice)
    [entry] = [e for e in listed(browser) if not e["is_current"]]
    url = reverse("accounts:credential-end", args=[entry["id"]])

    assert f"Sign out “{entry['name']}”?</h1>" in browser.get(url).text
    answer = browser.post(url, follow=True)

    assert "can no longer be used" in answer.text
    assert other.get(ME).status_code == 401
    assert browser.get(ME).status_code == 200


def test_cancels_a_pending_change_of_the_address(everything, alice, browser):
    [link] = ids(browser, "address-link")
    viewer = centre.Viewer(alice, Credential("session", "x"), timezone.now())
    entry = centre.find(viewer, link)

    browser.post(reverse("accounts:credential-end", args=[link]))

    assert not EmailAddress.objects.filter(email="new@example.com").exists()
    # A request at the same time finds it as well, and records nothing.
    assert not centre.end(user=alice, entry=entry, at=timezone.now())
    assert alice.security_events.filter(about="address-link").count() == 1


def test_this_browser_can_end_itself(browser):
    [mine] = ids(browser, "session")

    answer = browser.post(reverse("accounts:credential-end", args=[mine]))

    assert answer["Location"] == reverse("account_login")
    assert not BrowserSession.objects.exclude(user=None).exists()


def test_the_api_can_end_the_credential_of_the_request(alice, browser):
    [mine] = ids(browser, "session")
    assert browser.delete(f"{API}/{mine}").status_code == 204
    assert browser.get(API).status_code == 401

    pair = tokens.start_family(user=alice, at=timezone.now())
    program = Client(headers={"Authorization": f"Bearer {pair.access}"})
    [mine] = ids(program, "token")
    assert program.delete(f"{API}/{mine}").status_code == 204
    assert (
        Client().post(REFRESH, {"refresh": pair.refresh}, "application/json")
    ).status_code == 401


def test_recovery_codes_end_only_with_the_last_factor(everything, browser):
    [codes] = ids(browser, "recovery-codes")
    [passkey] = ids(browser, "passkey")
    assert browser.delete(f"{API}/{codes}").status_code == 404

    browser.delete(f"{API}/{passkey}")

    assert ids(browser, "recovery-codes") == []


@pytest.mark.parametrize("kind", ["identity", "passkey"])
def test_a_way_to_sign_in_needs_a_recent_sign_in(everything, alice, kind):
    hour_ago = timezone.now() - timedelta(hours=1)
    old = browser_of(alice, proof=password_at(hour_ago))
    [one] = ids(old, kind)

    refused = old.delete(f"{API}/{one}")
    page = old.post(reverse("accounts:credential-end", args=[one]))

    assert refused.json()["code"] == "recent_sign_in_required"
    assert page.status_code == 303
    assert ids(old, kind) == [one]


def test_the_only_way_in_stays(everything, alice, browser):
    alice.set_unusable_password()
    alice.credential_epoch = 0
    alice.save()
    [one] = ids(browser, "identity")

    answer = browser.delete(f"{API}/{one}")
    page = browser.post(reverse("accounts:credential-end", args=[one]), follow=True)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_sign_in_method")
    assert "This is your only way to sign in" in page.text
    assert LinkedIdentity.objects.exists()


# --- Everything else -----------------------------------------------------------------


def test_ends_everything_else_and_keeps_this_browser(everything, alice, browser):
    other, program = browser_of(alice), program_of(alice)

    answer = browser.post(OTHERS, follow=True)

    assert "Everything except this browser is signed out" in answer.text
    assert other.get(ME).status_code == program.get(ME).status_code == 401
    kept = {entry["kind"] for entry in listed(browser)}
    assert kept == {"session", "identity", "passkey", "recovery-codes"}
    assert BrowserSession.objects.filter(user=alice).count() == 1


def test_the_api_keeps_the_sign_in_that_ends_the_others(alice, browser):
    pair = tokens.start_family(user=alice, at=timezone.now())
    program = Client(headers={"Authorization": f"Bearer {pair.access}"})

    assert program.delete(API).status_code == 204

    assert browser.get(ME).status_code == program.get(ME).status_code == 401
    again = Client().post(REFRESH, {"refresh": pair.refresh}, "application/json")
    assert again.status_code == 200


def test_all_end_or_none(everything, alice, browser, monkeypatch):
    other = browser_of(alice)
    before = listed(browser)

    def fail(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(events, "record", fail)
    with pytest.raises(DatabaseError):
        browser.post(OTHERS)
    monkeypatch.undo()

    assert other.get(ME).status_code == 200
    assert len(listed(browser)) == len(before)
    assert (
        Client().post(REFRESH, {"refresh": everything.refresh}, "application/json")
    ).status_code == 200


# --- Limits ---------------------------------------------------------------------------


def test_credentials_of_others_do_not_exist(everything, browser, bob):
    stranger = browser_of(bob, proof=password_at(timezone.now()))
    unknown = stranger.delete(f"{API}/session-01a20480-0000-7000-8000-000000000000")

    for entry in listed(browser):
        foreign = stranger.delete(f"{API}/{entry['id']}")
        page = stranger.post(reverse("accounts:credential-end", args=[entry["id"]]))
        assert foreign.status_code == page.status_code == 404
        assert foreign.content == unknown.content
    assert len(ids(browser, "session")) == 1


@pytest.mark.parametrize(
    "bad",
    ["x", "session-", "session-1", "passkey-x", "passkey-" + "9" * 60, "a" * 500]
    + ["token-' OR 1=1", "address-link-\x00", "%E2%80%AE"],
)
def test_an_id_that_is_none_is_not_found(browser, bad):
    assert browser.delete(f"{API}/{bad}").status_code == 404
    assert browser.post(f"/accounts/credentials/{bad}/end/").status_code == 404


def test_no_personal_token_reads_or_ends_credentials(alice):
    now = timezone.now()
    limits = personal_tokens.Limits(["tasks:write", "account:read"], now + timedelta(1))
    _, text = personal_tokens.create(user=alice, name="x", limits=limits, at=now)
    program = Client(headers={"Authorization": f"Bearer {text}"})

    for answer in (program.get(API), program.delete(API), program.delete(f"{API}/x")):
        assert answer.json()["code"] == "insufficient_scope"


def test_the_queries_do_not_grow_with_the_number(
    everything, alice, browser, django_assert_max_num_queries
):
    now = timezone.now()
    for _ in range(12):
        browser_of(alice)
        tokens.start_family(user=alice, at=now)

    with django_assert_max_num_queries(12):
        assert len(listed(browser)) == 32


def test_a_user_has_a_bounded_number_of_sign_ins_by_token(alice, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_FAMILIES", 2)
    now = timezone.now()
    first = tokens.start_family(user=alice, at=now - timedelta(hours=1))

    others = [tokens.start_family(user=alice, at=now) for _ in range(2)]

    statuses = [
        Client().post(REFRESH, {"refresh": one.refresh}, "application/json").status_code
        for one in (first, *others)
    ]
    assert statuses == [401, 200, 200]
    assert RefreshFamily.objects.filter(revoked_at=None).count() == 2


def test_shows_no_session_of_an_earlier_epoch(alice, browser):
    browser_of(alice)
    alice.refresh_from_db()
    alice.credential_epoch += 1
    alice.save()

    assert centre.entries(centre.Viewer(alice, centre_session(), timezone.now())) == []


def centre_session():
    from accounts.credentials import SESSION

    return SESSION
