"""How credentials are named, and how they end."""

import pytest
from django.utils import timezone

from accounts import credentials, tokens
from accounts.credentials import COMMAND, SESSION, Credential
from accounts.models import SecurityEvent


@pytest.mark.parametrize(
    ("credential", "text"),
    [
        (SESSION, "session"),
        (COMMAND, "command"),
        (Credential("token", "abc"), "token:abc"),
    ],
)
def test_a_credential_is_written_as_the_ledger_keeps_it(credential, text):
    assert str(credential) == text


def test_a_password_change_stores_the_hash_and_raises_the_epoch(alice):
    credentials.change_password(
        user=alice, password="another long enough phrase", at=timezone.now()
    )

    alice.refresh_from_db()
    assert alice.check_password("another long enough phrase")
    assert alice.credential_epoch == 1
    event = alice.security_events.get()
    assert event.kind == SecurityEvent.Kind.PASSWORD_CHANGED


def test_a_password_change_keeps_the_sign_in_that_asked_for_it(alice):
    kept = tokens.start_family(user=alice, at=timezone.now())
    family = tokens.RefreshToken.read(kept.refresh).family_id

    credentials.change_password(
        user=alice,
        password="another long enough phrase",
        at=timezone.now(),
        keep=Credential("token", str(family)),
    )

    assert tokens.rotate(refresh=kept.refresh, at=timezone.now())
    assert credentials.live_sign_ins(alice, at=timezone.now()) == 1


def test_a_password_change_can_not_keep_anothers_sign_in(alice, bob):
    his = tokens.start_family(user=bob, at=timezone.now())
    family = tokens.RefreshToken.read(his.refresh).family_id

    credentials.change_password(
        user=alice,
        password="another long enough phrase",
        at=timezone.now(),
        keep=Credential("token", str(family)),
    )

    assert bob.refresh_families.get().epoch == 0


def test_an_upgraded_hash_ends_no_credential(alice, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    assert alice.check_password("correct horse battery staple")

    alice.refresh_from_db()
    assert alice.password.startswith("pbkdf2_sha256$")
    assert alice.credential_epoch == 0


def test_signing_out_everywhere_records_who_did_it(alice, sam):
    credentials.sign_out_everywhere(user=alice, at=timezone.now(), by=sam)

    event = alice.security_events.get()
    assert event.kind == SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE
    assert event.by == sam
    assert alice.credential_epoch == 1


def test_deactivation_and_its_undoing_are_recorded(alice, sam):
    credentials.deactivate(user=alice, at=timezone.now(), by=sam)
    assert not alice.is_active

    credentials.reactivate(user=alice, at=timezone.now(), by=sam)
    assert alice.is_active

    kinds = set(alice.security_events.values_list("kind", flat=True))
    assert kinds == {"deactivated", "reactivated"}


def test_a_request_for_deletion_leaves_a_week_to_come_back(alice):
    now = timezone.now()

    credentials.request_deletion(user=alice, at=now)

    alice.refresh_from_db()
    assert not alice.is_active
    assert alice.delete_after == now + credentials.DELETION_GRACE

    credentials.reactivate(user=alice, at=now)

    assert alice.delete_after is None


def test_sign_ins_that_ended_are_not_counted(alice):
    now = timezone.now()
    tokens.start_family(user=alice, at=now)
    ended = tokens.start_family(user=alice, at=now)
    tokens.end_family(refresh=ended.refresh, at=now)

    assert credentials.live_sign_ins(alice, at=now) == 1

    credentials.sign_out_everywhere(user=alice, at=now)

    assert credentials.live_sign_ins(alice, at=now) == 0
