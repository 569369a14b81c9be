"""A view that a user allows to support staff: who may open it, and what ends it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import credentials, support
from accounts.models import SecurityEvent, SupportGrant, SupportLook
from tests.factories import UserFactory
from tests.patience import PATIENCE
from tests.threads import in_a_thread, wait_for_a_blocked_statement

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REASON = "My shopping list <b>vanished</b>"
Kind = SecurityEvent.Kind
PAGE = reverse("accounts:support")
ALLOW = reverse("accounts:support-allow")
END = reverse("accounts:support-end")


@pytest.fixture(autouse=True)
def _at_this_time(monkeypatch):
    """Let the pages see the same time: a run can last longer than a view."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)


def allow(user, *, minutes=15, at=AT):
    return support.grant(user=user, minutes=minutes, reason=REASON, at=at)


def opened(user, staff, *, at=AT):
    grant = allow(user, at=at)
    assert enter(grant, staff, at=at)
    return grant


def enter(grant, staff, code=None, *, at=AT):
    code = support.code_of(grant) if code is None else code
    return support.enter_code(staff=staff, user_id=grant.user_id, code=code, at=at)


def sees(user, staff, *, at=AT):
    try:
        with support.look(
            staff=staff, user_id=user.pk, page=SupportLook.Page.LISTS, at=at
        ):
            return True
    except support.NotAllowed:
        return False


def kinds_of(user):
    return list(user.security_events.order_by("pk").values_list("kind", flat=True))


# --- Opening it ---------------------------------------------------------------------


def test_opens_with_the_code_only(alice, sam):
    grant = allow(alice)

    assert not sees(alice, sam)
    assert not enter(grant, sam, "00000000")
    assert not sees(alice, sam)
    assert enter(grant, sam)
    assert sees(alice, sam)


def test_the_code_is_eight_digits_and_is_not_stored(alice):
    grant = allow(alice)

    code = support.code_of(grant)

    assert len(code) == 8
    assert code.isdecimal()
    assert code not in str(SupportGrant.objects.values().get())
    assert code != support.code_of(SupportGrant())


def test_belongs_to_the_first_member_of_staff_who_enters_the_code(alice, sam):
    grant, colleague = opened(alice, sam), UserFactory(is_staff=True)

    assert not enter(grant, colleague)
    assert not sees(alice, colleague)
    assert sees(alice, sam)


def test_ends_after_five_wrong_codes(alice, sam):
    grant = allow(alice)

    tries = [enter(grant, sam, f"{number:08}") for number in range(5)]

    assert not any(tries)
    assert not enter(grant, sam)  # with the right one
    assert kinds_of(alice)[-1] == Kind.SUPPORT_ENDED


@pytest.mark.parametrize("code", ["", " ", "x" * 10_000, "１２３４５６７８", "-1"])
def test_refuses_other_text(alice, sam, code):
    assert not enter(allow(alice), sam, code)


def test_opens_nothing_of_another_user(alice, bob, sam):
    opened(alice, sam)

    assert not sees(bob, sam)


# --- Looking ------------------------------------------------------------------------


def test_records_each_look_and_the_first_one_as_an_event(alice, sam):
    grant = opened(alice, sam)

    sees(alice, sam)
    sees(alice, sam, at=AT + MINUTE)

    looks = grant.looks.order_by("at").values_list("by", "page", "at")
    assert list(looks) == [(sam.pk, "lists", AT), (sam.pk, "lists", AT + MINUTE)]
    assert kinds_of(alice) == [Kind.SUPPORT_GRANTED, Kind.SUPPORT_LOOKED]
    event = alice.security_events.get(kind=Kind.SUPPORT_LOOKED)
    assert (event.by, event.about) == (sam, str(grant.pk))


def test_records_nothing_that_was_not_shown(alice, sam):
    grant = opened(alice, sam)

    with (
        pytest.raises(ZeroDivisionError),
        support.look(staff=sam, user_id=alice.pk, page=SupportLook.Page.LISTS, at=AT),
    ):
        raise ZeroDivisionError

    assert not grant.looks.exists()


def test_shows_nothing_that_can_not_be_recorded(alice, sam, monkeypatch):
    opened(alice, sam)

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(support.events, "record", fail)

    with pytest.raises(RuntimeError):
        sees(alice, sam)


def test_ends_when_it_was_used_too_often(alice, sam, monkeypatch):
    monkeypatch.setattr(support, "LOOKS_MAX", 2)
    opened(alice, sam)

    assert [sees(alice, sam) for _ in range(3)] == [True, True, False]


# --- Ending it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "happen",
    [
        lambda user: support.end(user=user, at=AT),
        lambda user: credentials.sign_out_everywhere(user=user, at=AT),
        lambda user: credentials.deactivate(user=user, at=AT),
        lambda user: credentials.request_deletion(user=user, at=AT),
        lambda user: credentials.change_password(
            user=user, password="another long phrase", at=AT
        ),
    ],
    ids=["the user", "sign-out", "deactivation", "deletion", "password"],
)
def test_is_ended_at_once_by(alice, sam, happen):
    grant = opened(alice, sam)

    happen(alice)

    assert not sees(alice, sam)
    assert not enter(grant, sam)
    assert Kind.SUPPORT_ENDED in kinds_of(alice)


def test_stays_ended_after_a_reactivation(alice, sam):
    grant = opened(alice, sam)
    credentials.deactivate(user=alice, at=AT)
    credentials.reactivate(user=alice, at=AT)

    assert not sees(alice, sam)
    assert not enter(grant, sam)


@pytest.mark.parametrize("minutes", support.MINUTES)
def test_expires(alice, sam, minutes):
    allow(alice, minutes=minutes)
    grant = support.live_grant(alice, at=AT)
    enter(grant, sam)

    assert sees(alice, sam, at=AT + minutes * MINUTE - timedelta(seconds=1))
    assert not sees(alice, sam, at=AT + minutes * MINUTE)


def test_there_is_one_at_a_time(alice):
    allow(alice)

    with pytest.raises(support.AlreadyGranted):
        allow(alice, at=AT + MINUTE)
    allow(alice, at=AT + 15 * MINUTE)

    assert alice.support_grants.count() == 2


def test_keeps_the_latest_twenty(alice):
    grants = [allow(alice, at=AT + hour * timedelta(hours=1)) for hour in range(23)]

    kept = set(alice.support_grants.values_list("pk", flat=True))

    assert kept == {grant.pk for grant in grants[-20:]}


@pytest.mark.django_db(transaction=True)
def test_two_members_of_staff_at_the_same_time():
    alice, *staff = UserFactory.create_batch(3)
    grant = allow(alice)

    with ThreadPoolExecutor(2) as pool:
        tries = [in_a_thread(pool, enter, grant, one) for one in staff]

    assert sorted(one.result() for one in tries) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_ending_waits_for_a_page_that_is_being_made():
    alice, sam = UserFactory.create_batch(2)
    opened(alice, sam)
    reading, order = Event(), []

    def read():
        with support.look(
            staff=sam, user_id=alice.pk, page=SupportLook.Page.LISTS, at=AT
        ):
            reading.set()
            wait_for_a_blocked_statement()
            order.append("shown")

    def finish():
        support.end(user=alice, at=AT)
        order.append("ended")

    with ThreadPoolExecutor(2) as pool:
        first = in_a_thread(pool, read)
        assert reading.wait(PATIENCE)
        second = in_a_thread(pool, finish)
        first.result(), second.result()

    assert order == ["shown", "ended"]
    assert not sees(alice, sam)


# --- Pages --------------------------------------------------------------------------


def test_the_user_allows_it_with_a_reason_and_gets_the_code(page_as, alice):
    client = page_as(alice)
    assert "Support can't see your tasks" in client.get(PAGE).text

    page = client.post(ALLOW, {"minutes": 30, "reason": REASON}, follow=True).text

    grant = alice.support_grants.get()
    code = support.code_of(grant)
    assert grant.expires_at - grant.granted_at == 30 * MINUTE
    assert grant.reason == REASON
    assert f"{code[:4]} {code[4:]}" in page
    assert "My shopping list &lt;b&gt;vanished" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"minutes": 61},
        {"minutes": "x"},
        {"minutes": ""},
        {"reason": " "},
        {"reason": "x" * 201},
        {"reason": "x" * 10_000},
        {"reason": "a\0b"},
    ],
)
def test_refuses_a_wrong_form(page_as, alice, fields):
    form = {"minutes": 15, "reason": REASON} | fields

    response = page_as(alice).post(ALLOW, form)

    assert response.status_code == 200
    assert not alice.support_grants.exists()


def test_sending_the_form_twice_allows_it_once(page_as, alice):
    client, form = page_as(alice), {"minutes": 15, "reason": REASON}

    client.post(ALLOW, form)
    page = client.post(ALLOW, form, follow=True).text

    assert "Support can look already" in page
    assert alice.support_grants.count() == 1


def test_requires_a_recent_sign_in(page_as, alice):
    client = page_as(alice, authenticated_at=timezone.now() - 16 * MINUTE)

    response = client.post(ALLOW, {"minutes": 15, "reason": REASON})

    assert reverse("account_reauthenticate") in response.url
    assert not alice.support_grants.exists()


def test_the_user_sees_who_looked_and_ends_it(page_as, alice, sam):
    opened(alice, sam)
    sees(alice, sam)
    client = page_as(alice)

    shown = client.get(PAGE).text
    ended = client.post(END, follow=True).text
    again = client.post(END, follow=True).text

    assert sam.email in shown
    assert "Your lists" in shown
    assert "Support can&#x27;t look any more." in ended
    assert "This had ended already." in again
    assert not sees(alice, sam)
    assert kinds_of(alice).count(Kind.SUPPORT_ENDED) == 1


def test_shows_each_look_of_an_earlier_view_to_its_user_only(page_as, alice, bob, sam):
    grant = opened(alice, sam)
    sees(alice, sam)
    support.end(user=alice, at=AT)
    url = reverse("accounts:support-earlier", args=[grant.pk])

    assert url in page_as(alice).get(PAGE).text
    assert sam.email in page_as(alice).get(url).text
    assert page_as(bob).get(url).status_code == 404


def test_a_former_member_of_staff_is_not_named(page_as, alice, sam):
    grant = opened(alice, sam)
    sees(alice, sam)
    support.end(user=alice, at=AT)
    sam.delete()

    page = page_as(alice).get(reverse("accounts:support-earlier", args=[grant.pk]))

    assert "Former support staff" in page.text


def test_ten_views_an_hour(page_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"support": (1, 10**10)}
    client, form = page_as(alice), {"minutes": 15, "reason": REASON}

    assert client.post(ALLOW, form).status_code == 303
    assert client.post(ALLOW, form).status_code == 429
