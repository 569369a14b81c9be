"""The pages of the security events, the download, and its verifier in the docs."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts import event_chains, events
from accounts.event_filters import FILTERS
from accounts.models import SecurityEvent
from tests.event_verifier import SCRIPT, verify

Kind = SecurityEvent.Kind
URL = reverse("accounts:security-events")
DOWNLOAD = reverse("accounts:security-events-download")
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def record(user, kind, minutes=0, **facts):
    return events.record(user, kind, at=NOON + timedelta(minutes=minutes), **facts)


# --- The page -----------------------------------------------------------------------


def test_shows_events_in_words_and_in_the_zone_of_the_user(page_as, alice, sam):
    alice.timezone = "Asia/Tokyo"
    alice.save()
    record(alice, Kind.FACTOR_ADDED, about="totp")
    record(alice, Kind.SIGNED_IN, about="Firefox on Windows")
    record(alice, Kind.SIGNED_OUT_EVERYWHERE, by=sam)
    grant = "01a22991-7664-70df-920b-216bd4a90a61"
    record(alice, Kind.SUPPORT_LOOKED, by=sam, about=grant)

    text = " ".join(page_as(alice).get(URL).text.split())

    assert "Second step added <span" in text
    assert "· authenticator app" in text
    assert "· Firefox on Windows" in text
    assert "Signed out everywhere by support" in text
    assert "29 November 2026, 21:00" in text
    assert grant not in text
    assert str(sam.pk) not in text


def test_says_what_was_refused_at_the_second_step(page_as, alice):
    for about in ("code", "passkey", "copied passkey"):
        record(alice, Kind.FACTOR_FAILED, about=about)

    rows = page_as(alice).get(f"{URL}?show=attempts").context["events"]

    assert [(row.what, row.detail) for row in rows] == [
        ("Passkey refused, because it may be a copy", ""),
        ("Passkey refused", ""),
        ("Wrong code", ""),
    ]


def test_shows_each_event_once_over_the_pages(page_as, alice):
    client = page_as(alice)
    for minute in range(120):  # some at the same moment
        record(alice, Kind.CREDENTIAL_ENDED, minute // 3, about=f"number {minute}.")

    url, found = f"{URL}?show=access", []
    for _ in range(3):
        page = client.get(url)
        found += [row.detail for row in page.context["events"]]
        url = f"{URL}?show=access&before={page.context['older']}"

    assert page.context["older"] is None
    assert found == [f"number {minute}." for minute in reversed(range(120))]


def test_filters(page_as, alice, sam):
    client = page_as(alice)
    record(alice, Kind.EXPORTED, about="csv")
    record(alice, Kind.SIGN_IN_FAILED)
    record(alice, Kind.DEACTIVATED, by=sam)

    shown = {
        name: {row.what for row in client.get(URL, {"show": name}).context["events"]}
        for name in ("sign-ins", "attempts", "account", "support", "access")
    }

    assert shown == {
        "sign-ins": {"Signed in"},
        "attempts": {"Sign-in failed"},
        "account": {"Data exported", "Deactivated"},
        "support": {"Deactivated"},
        "access": set(),
    }


def test_every_kind_is_found_by_a_filter():
    found = [kind for _, kinds in FILTERS.values() for kind in kinds]

    assert sorted(found) == sorted(Kind)


@pytest.mark.parametrize(
    "query",
    [
        {"show": "x" * 10_000},
        {"before": "1' OR '1'='1"},
        {"before": "\0"},
        {"before": "01a22991-7664-70df-920b-216bd4a90a61"},
    ],
)
def test_ignores_what_is_unknown(page_as, alice, query):
    page = page_as(alice).get(URL, query)

    assert [row.what for row in page.context["events"]] == ["Signed in"]


def test_shows_nothing_of_another_user(page_as, alice, bob):
    record(alice, Kind.EXPORTED)
    foreign = alice.security_events.get()

    page = page_as(bob).get(URL, {"before": str(foreign.pk)})

    assert [row.what for row in page.context["events"]] == ["Signed in"]


# --- Exports are events -------------------------------------------------------------


def test_every_export_is_recorded(page_as, api_as, alice, capsysbinary):
    page_as(alice).post(reverse("todos:export"), {"format": "csv"})
    api_as(alice).get(reverse("api:export"), {"format": "ics"})
    api_as(alice).get(reverse("api:export-markdown"))
    call_command("export_tasks", f"--user={alice.pk}")

    exported = alice.security_events.filter(kind=Kind.EXPORTED).order_by("number")
    assert [one.about for one in exported] == [
        "csv",
        "ics",
        "markdown",
        "json by the operator",
    ]


# --- The download, and its verifier -------------------------------------------------


@pytest.fixture
def lines(page_as, alice, sam):
    """The lines of a real download: five events in one chain, two in the other."""
    client = page_as(alice)
    for kind in (Kind.FACTOR_ADDED, Kind.EXPORTED, Kind.SIGNED_OUT):
        record(alice, kind, about="passkey")
    record(alice, Kind.DEACTIVATED, by=sam)
    for _ in range(2):
        events.record_attempt(alice.email, Kind.SIGN_IN_FAILED, at=NOON)
    response = client.get(DOWNLOAD)
    assert response["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(response.streaming_content).decode().splitlines()


def head_of(user, chain="account"):
    return user.event_chains.get(chain=chain).digest


def test_the_verifier_accepts_a_download(lines, alice):
    mailed = {alice.security_events.get(kind=Kind.EXPORTED).digest, head_of(alice)}

    assert verify(lines, mailed) == {
        "account": (5, head_of(alice)),
        "attempts": (2, head_of(alice, "attempts")),
    }


def test_the_verifier_has_thirty_lines():
    assert len(SCRIPT.read_text("utf-8").splitlines()) <= 30


def test_the_verifier_without_a_file_says_how_to_run_it():
    run = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)

    assert run.returncode == 1
    assert "Run `python verify_events.py FILE [DIGEST ...]`" in run.stderr
    assert "Traceback" not in run.stderr


def changed(line, **fields):
    return json.dumps(json.loads(line) | fields)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0], changed(lines[1], kind="signed_in"), *lines[2:]],
        lambda lines: [lines[0], changed(lines[1], about="totp"), *lines[2:]],
        lambda lines: [lines[0], changed(lines[1], by="0" * 64), *lines[2:]],
        lambda lines: [changed(lines[0], digest="0" * 64), *lines[1:]],
        lambda lines: [changed(lines[0], previous="0" * 64), *lines[1:]],
        lambda lines: [*lines[:2], *lines[3:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines[:2], lines[1], *lines[2:]],
        lambda lines: [*lines[:4], *lines[5:]],
        lambda lines: lines[1:],
        lambda lines: lines[:-2] + lines[-1:],
    ],
    ids=[
        "kind", "about", "by", "digest", "previous", "removed", "swapped", "inserted",
        "cut off", "begins later", "attempt removed",
    ],
)  # fmt: skip
def test_the_verifier_refuses_what_was_tampered_with(lines, alice, tamper):
    mailed = {one.digest for one in alice.security_events.filter(number__in=(1, 5))}
    assert verify(list(lines), set(mailed))

    with pytest.raises(SystemExit) as error:
        verify(tamper(lines), mailed)

    assert str(error.value).startswith("Wrong: ")


def test_the_verifier_refuses_a_chain_that_was_replaced(lines, alice):
    """With new digests it is consistent, but the digest of a mail is not in it."""
    mailed, digest = head_of(alice), ""
    replaced = []
    for line in lines[:5]:
        content = json.loads(line) | {"previous": digest, "about": "other"}
        del content["digest"]
        digest = event_chains.digest_of(content)
        replaced.append(json.dumps({**content, "digest": digest}))

    assert verify(replaced, set())["account"] == (5, digest)
    with pytest.raises(SystemExit):
        verify(replaced, {mailed})


def test_a_download_verifies_after_old_events_were_deleted(page_as, alice):
    client = page_as(alice)
    for minute in range(4):
        record(alice, Kind.EXPORTED, minute)
    event_chains.delete_oldest(kept=2)

    content = b"".join(client.get(DOWNLOAD).streaming_content).decode()

    assert len(content.splitlines()) == 2
    assert verify(content.splitlines(), {head_of(alice)})["account"][0] == 5


def test_a_stranger_can_download_nothing(client, db):
    assert client.get(DOWNLOAD).status_code == 302
