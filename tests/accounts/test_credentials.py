"""How credentials are named, and how they end."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import HASH_SESSION_KEY
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.exceptions import TokenError

from accounts import credentials, tokens
from accounts.credentials import COMMAND, SESSION, Credential
from accounts.models import SecurityEvent
from tests.factories import PASSWORD


@pytest.mark.parametrize(
    ("credential", "text"),
    [
        (SESSION, "session"),
        (COMMAND, "command"),
        (Credential("token", "abc"), "token:abc"),
    ],
)
def test_a_credential_is_formatted_as_the_ledger_stores_it(credential, text):
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


def of(pair):
    """Return the credential that the access token of this pair is."""
    access = tokens.AccessToken.read(pair.access)
    return Credential("token", str(access.family_id), pair=access.pair)


def change_password(user, *, keep):
    credentials.change_password(
        user=user, password="another long enough phrase", at=timezone.now(), keep=keep
    )


def test_a_password_change_keeps_the_sign_in_that_asked_for_it(alice):
    kept = tokens.start_family(user=alice, at=timezone.now())

    change_password(alice, keep=of(kept))

    # Twice: the first response may be lost.
    for _ in range(2):
        following = tokens.rotate(refresh=kept.refresh, at=timezone.now())
    later = timezone.now() + timedelta(hours=1)
    assert tokens.rotate(refresh=following.refresh, at=later)
    assert credentials.live_sign_ins(alice, at=timezone.now()) == 1


def test_a_password_change_does_not_keep_a_rotated_copy(alice):
    first, now = tokens.start_family(user=alice, at=timezone.now()), timezone.now()
    owners, thiefs = (tokens.rotate(refresh=first.refresh, at=now) for _ in range(2))

    change_password(alice, keep=of(owners))

    for refresh in (first.refresh, thiefs.refresh):
        with pytest.raises(TokenError):
            tokens.rotate(refresh=refresh, at=now)
    assert tokens.rotate(refresh=owners.refresh, at=now)


def test_entering_the_password_to_change_it_counts_as_a_sign_in(alice):
    kept = tokens.start_family(user=alice, at=timezone.now())

    change_password(alice, keep=of(kept))

    assert alice.refresh_families.get().authenticated_at is not None


def test_a_password_change_cannot_keep_the_sign_in_of_another_user(alice, bob):
    his = tokens.start_family(user=bob, at=timezone.now())

    change_password(alice, keep=of(his))

    family = bob.refresh_families.get()
    assert (family.epoch, family.kept_pair) == (0, None)


def test_an_upgraded_hash_ends_no_credential(alice, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    assert alice.check_password("correct horse battery staple")

    alice.refresh_from_db()
    assert alice.password.startswith("pbkdf2_sha256$")
    assert alice.credential_epoch == 0


def sign_in_elsewhere(client):
    sign_in = {"login": "alice@example.com", "password": PASSWORD}
    assert client.post(reverse("account_login"), sign_in).status_code == 303


def test_an_upgraded_hash_ends_no_browser_session(page_as, client, alice, settings):
    here = page_as(alice)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    sign_in_elsewhere(client)

    alice.refresh_from_db()
    assert alice.password.startswith("pbkdf2_sha256$")
    assert here.get("/").status_code == 200


def test_browser_sessions_bound_to_the_hash_stay_valid_within_the_epoch(page_as, alice):
    here, elsewhere = page_as(alice), page_as(alice)
    for browser in (here, elsewhere):
        session = browser.session
        session[HASH_SESSION_KEY] = salted_hmac(
            "accounts.User.session", f"0:{alice.password}", algorithm="sha256"
        ).hexdigest()
        session.save()

    assert here.get("/").status_code == 200

    credentials.sign_out_everywhere(user=alice, at=timezone.now())
    assert here.get("/").status_code == 302
    assert elsewhere.get("/").status_code == 302


def test_ending_all_deletes_only_pending_addresses(alice, bob):
    alice.emailaddress_set.update(verified=False)
    for user in (alice, bob):
        EmailAddress.objects.create(user=user, email="new@example.com")

    credentials.end_all(user=alice, at=timezone.now())

    left = EmailAddress.objects.order_by("email").values_list("user", "email")
    assert list(left) == [
        (alice.pk, "alice@example.com"),
        (bob.pk, "bob@example.com"),
        (bob.pk, "new@example.com"),
    ]


def test_ending_all_revokes_the_rows_of_sign_ins_by_token(alice, bob):
    for user in (alice, bob):
        tokens.start_family(user=user, at=timezone.now())
    now = timezone.now()

    credentials.end_all(user=alice, at=now)

    assert alice.refresh_families.get().revoked_at == now
    assert bob.refresh_families.get().revoked_at is None


@pytest.mark.parametrize(
    ("ago", "is_recent"), [(0, True), (14, True), (15, False), (None, False)]
)
def test_a_proof_is_recent_for_fifteen_minutes(ago, is_recent):
    now = timezone.now()
    proved_at = None if ago is None else now - timedelta(minutes=ago)

    assert (
        Credential("token", authenticated_at=proved_at).is_recent(at=now) is is_recent
    )


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


def test_a_deletion_can_be_cancelled_for_a_week(alice):
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
