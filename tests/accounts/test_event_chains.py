"""The chains of security events: how they grow, shrink, and show what was changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F

from accounts import event_chains, events
from accounts.models import EventChain, SecurityEvent, User
from tests.factories import UserFactory

Kind = SecurityEvent.Kind
NOON = datetime(2026, 11, 29, 12, 0, 0, 250, tzinfo=UTC)


def broken(user=None):
    """Return chain, number and reason of each broken link."""
    found = event_chains.verify(user and user.pk)
    return [
        (one.chain, one.number, one.reason)
        for one in found
        if isinstance(one, event_chains.BrokenLink)
    ]


@pytest.fixture
def chained(alice, sam):
    """Five events of Alice in her own chain, and two attempts of strangers."""
    for minute, (kind, by, about) in enumerate(
        [
            (Kind.SIGNED_UP, None, ""),
            (Kind.SIGNED_IN, None, ""),
            (Kind.RESET_REQUESTED, sam, ""),
            (Kind.FACTOR_ADDED, None, "passkey"),
            (Kind.SIGNED_OUT, None, ""),
        ]
    ):
        at = NOON + timedelta(minutes=minute)
        events.record(alice, kind, at=at, by=by, about=about)
    for _ in range(2):
        events.record_attempt(alice.email, Kind.SIGN_IN_FAILED, at=NOON)
    return alice


def numbered(user, chain="account"):
    return user.security_events.filter(chain=chain).order_by("number")


def test_numbers_the_events_of_each_user_and_chain(chained, bob):
    events.record(bob, Kind.SIGNED_IN, at=NOON)

    assert [one.number for one in numbered(chained)] == [1, 2, 3, 4, 5]
    assert [one.number for one in numbered(chained, "attempts")] == [1, 2]
    assert [one.number for one in numbered(bob)] == [1]
    assert len(set(SecurityEvent.objects.values_list("digest", flat=True))) == 8
    assert broken() == []


def test_an_event_that_is_rolled_back_leaves_no_gap(chained):
    with transaction.atomic():
        events.record(chained, Kind.SIGNED_IN, at=NOON)
        transaction.set_rollback(True)
    events.record(chained, Kind.SIGNED_IN, at=NOON)

    assert numbered(chained).last().number == 6
    assert broken() == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.SIGNED_OUT},
        {"at": NOON + timedelta(microseconds=1)},
        {"about": "totp"},
        {"request_id": "other"},
        {"by_digest": ""},
        {"digest": "0" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_finds_a_changed_column(chained, change):
    numbered(chained).filter(number=3).update(**change)

    assert broken() == [("account", 3, "its digest does not match")]


def test_finds_an_event_that_is_attributed_to_other_staff(chained, bob):
    numbered(chained).filter(number=3).update(by=bob)
    assert broken() == [("account", 3, "its digest does not match")]

    numbered(chained).update(by=None)  # as when that account is deleted
    assert broken() == []
    numbered(chained).filter(number=4).update(by=bob)
    assert broken() == [("account", 4, "its digest does not match")]


def test_finds_an_event_that_was_given_to_another_user(chained, bob):
    numbered(chained).filter(number=5).update(user=bob)
    EventChain.objects.create(user=bob, chain="account", number=5, digest="0" * 64)

    assert broken() == [
        ("account", 5, "it is missing"),
        ("account", 1, "it is missing"),
    ]


@pytest.mark.parametrize(("number", "at"), [(1, 1), (3, 3), (5, 5)])
def test_finds_a_missing_event(chained, number, at):
    numbered(chained).filter(number=number).delete()

    assert broken() == [("account", at, "it is missing")]


def test_finds_events_that_were_swapped(chained):
    for old, new in [(2, 99), (3, 2), (99, 3)]:
        numbered(chained).filter(number=old).update(number=new)

    assert broken() == [("account", 2, "its digest does not match")]


def test_finds_an_event_that_was_inserted(chained):
    for number in (5, 4, 3):
        numbered(chained).filter(number=number).update(number=F("number") + 1)
    SecurityEvent.objects.create(
        user=chained, kind=Kind.SIGNED_IN, at=NOON, number=3, digest="0" * 64
    )

    assert broken() == [("account", 3, "its digest does not match")]


def test_finds_an_end_that_was_cut_off_and_a_chain_without_its_row(chained):
    head = EventChain.objects.filter(user=chained, chain="account")
    head.update(number=4)
    assert broken() == [("account", 5, "the chain ends elsewhere")]

    head.delete()
    assert broken(chained) == [("account", 1, "its chain is not registered")]


def test_the_command_names_the_first_broken_link(chained, bob, capsys):
    events.record(bob, Kind.SIGNED_IN, at=NOON)
    call_command("verify_events")
    assert "Events verified: 8, broken chains: 0" in capsys.readouterr().out

    numbered(chained).filter(number__gte=2).update(about="changed")
    call_command("verify_events", f"--user={bob.pk}")
    with pytest.raises(CommandError) as error:
        call_command("verify_events")

    assert error.value.returncode == 1
    out = capsys.readouterr().out
    assert f"user {chained.pk}: chain account is broken at event 2" in out


# --- Old events ---------------------------------------------------------------------


def test_deleted_attempts_leave_a_chain_that_verifies(alice):
    for days in (50, 40, 20, 35, 1):
        at = NOON - timedelta(days=days)
        events.record_attempt(alice.email, Kind.SIGN_IN_FAILED, at=at)

    event_chains.delete_attempts(before=NOON - timedelta(days=30))
    # From the beginning only: the fourth stays until the third may go.
    assert [one.number for one in numbered(alice, "attempts")] == [3, 4, 5]
    assert broken() == []

    event_chains.delete_attempts(before=NOON)
    assert broken() == []
    events.record_attempt(alice.email, Kind.SIGN_IN_FAILED, at=NOON)
    assert [one.number for one in numbered(alice, "attempts")] == [6]
    assert broken() == []

    numbered(alice, "attempts").delete()
    assert broken() == [("attempts", 6, "it is missing")]


def test_an_account_keeps_its_newest_events(chained):
    event_chains.delete_oldest(kept=2)

    assert [one.number for one in numbered(chained)] == [4, 5]
    assert broken() == []


def test_events_of_an_older_version_join_the_chain(chained, sam):
    for kind, by in [(Kind.SIGNED_IN, sam), (Kind.SIGN_IN_FAILED, None)]:
        SecurityEvent.objects.create(user=chained, kind=kind, by=by, at=NOON)
    assert broken() == []

    assert event_chains.adopt() == 2

    assert event_chains.adopt() == 0
    assert numbered(chained).last().number == 6
    assert numbered(chained, "attempts").last().number == 3
    assert broken() == []


def test_the_migration_chains_what_was_recorded_before(chained, bob, monkeypatch):
    migration = import_module("accounts.migrations.0017_chain_the_events")
    monkeypatch.setattr(migration, "ROWS", 3)
    events.record(bob, Kind.SIGNED_IN, at=NOON)
    before = [one.digest for one in numbered(chained)]

    migration.unchain_events(apps, None)
    assert not SecurityEvent.objects.filter(number__isnull=False).exists()
    migration.chain_events(apps, None)

    assert [one.digest for one in numbered(chained)] == before
    assert not SecurityEvent.objects.filter(number=None).exists()
    events.record(bob, Kind.SIGNED_OUT, at=NOON)
    assert broken() == []


def test_an_event_outlives_the_account_of_who_did_it(chained, sam):
    sam.delete()

    assert broken() == []
    event = numbered(chained).get(number=3)
    assert (event.by, len(event.by_digest)) == (None, 64)


# --- At once ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_events_at_once_do_not_fork_the_chain():
    user = UserFactory(email="alice@example.com")

    def work(number):
        try:
            if number % 2:
                events.record_attempt(user.email, Kind.SIGN_IN_FAILED, at=NOON)
                return
            with transaction.atomic():  # as everything that changes credentials
                User.objects.select_for_update(no_key=True).get(pk=user.pk)
                events.record(user, Kind.FACTOR_ADDED, at=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(20)))

    assert numbered(user).count() == numbered(user, "attempts").count() == 10
    assert broken() == []
