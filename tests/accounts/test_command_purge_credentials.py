from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts import events, tokens
from accounts.models import BrowserSession, EndedSession, RefreshFamily, SecurityEvent
from accounts.models.browser_session import digest_of_key

REFRESH = reverse("api:token-refresh")


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def test_deletes_sign_ins_that_ended_more_than_thirty_days_ago(alice):
    tokens.start_family(user=alice, at=timezone.now())
    for days in (20, 200):
        family = RefreshFamily.objects.create(
            user=alice,
            epoch=0,
            created_at=days_ago(days + 90),
            refreshed_at=days_ago(days),
            expires_at=days_ago(days),
        )
        family.pk, family.revoked_at = None, days_ago(days)
        family.expires_at = timezone.now() + timedelta(days=1)
        family.save(force_insert=True)

    call_command("purge_credentials")

    assert RefreshFamily.objects.count() == 3
    assert not RefreshFamily.objects.filter(refreshed_at__lt=days_ago(30)).exists()


def test_a_valid_sign_in_stays_valid(alice, api):
    pair = tokens.start_family(user=alice, at=timezone.now())

    call_command("purge_credentials")

    assert api.post(REFRESH, {"refresh": pair.refresh}).status_code == 200


def test_a_used_token_stays_used(alice, api):
    pair = tokens.start_family(user=alice, at=days_ago(1))
    tokens.rotate(refresh=pair.refresh, at=days_ago(1))

    call_command("purge_credentials")

    assert api.post(REFRESH, {"refresh": pair.refresh}).status_code == 401


def test_deletes_attempts_older_than_thirty_days(alice, sam):
    kinds = SecurityEvent.Kind
    for days in (40, 20):
        for kind, by in [
            (kinds.SIGN_IN_FAILED, None),
            (kinds.RESET_REQUESTED, None),
            (kinds.RESET_REQUESTED, sam),
            (kinds.PASSWORD_CHANGED, None),
        ]:
            events.record(alice, kind, at=days_ago(days), by=by)

    call_command("purge_credentials")

    old = alice.security_events.filter(at__lt=days_ago(30))
    assert sorted((event.kind, event.by) for event in old) == [
        (kinds.PASSWORD_CHANGED, None),
        (kinds.RESET_REQUESTED, sam),
    ]
    assert alice.security_events.count() == 6


def test_deletes_sessions_that_have_expired(alice, page_as):
    page_as(alice)
    old = page_as(alice).session
    BrowserSession.objects.filter(pk=digest_of_key(old.session_key)).update(
        expire_date=days_ago(1)
    )

    call_command("purge_credentials")

    assert BrowserSession.objects.count() == 1
    assert not old.exists(old.session_key)


def test_deletes_sessions_of_earlier_versions(db):
    Session.objects.create(
        session_key="in-clear", session_data="", expire_date=days_ago(-1)
    )

    call_command("purge_credentials")

    assert not Session.objects.exists()


def test_deletes_records_of_ended_external_sessions(db):
    EndedSession.objects.create(digest="old", until=days_ago(1))
    EndedSession.objects.create(digest="new", until=days_ago(-1))

    call_command("purge_credentials")

    assert [one.digest for one in EndedSession.objects.all()] == ["new"]
