"""Browsers that skip the second step: each is listed, and can be ended alone."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.core.management import call_command
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import trusted_browsers
from accounts.credentials import end_all
from accounts.models import SecurityEvent, TrustedBrowser
from tests.signing_in import browser_of, factor_at, trusting, with_app

API = "/api/v1/credentials"
PAGE = reverse("accounts:credentials")
NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


class Browser:
    """A browser with the cookie of trust alone."""

    def __init__(self):
        self.cookies = {}

    def request(self):
        request = RequestFactory().get("/", headers={"user-agent": FIREFOX})
        request.COOKIES = dict(self.cookies)
        return request

    def trust(self, user, at=NOON, fingerprint=None):
        response = trusting(
            user, at=at, request=self.request(), fingerprint=fingerprint
        )
        self.cookies |= {name: one.value for name, one in response.cookies.items()}
        return TrustedBrowser.objects.filter(user=user).latest("created_at", "pk")

    def skips(self, user, at=NOON):
        return trusted_browsers.is_trusted(self.request(), user, at=at)


@pytest.fixture
def laptop():
    return Browser()


@pytest.fixture
def phone():
    return Browser()


@pytest.fixture
def centre(alice):
    """Alice's browser at her credential centre, a moment ago."""
    with_app(alice, at=timezone.now() - timedelta(hours=1))
    return browser_of(alice, proof=factor_at(timezone.now()))


def listed(client):
    rows = client.get(API).json()["results"]
    return [row for row in rows if row["kind"] == "trusted-browser"]


# --- The list -----------------------------------------------------------------------


def test_lists_each_with_its_device_its_use_and_its_end(alice, centre, laptop):
    now = timezone.now()
    row = laptop.trust(alice, at=now)
    assert laptop.skips(alice, at=now + timedelta(hours=1))

    (shown,) = listed(centre)

    assert shown["id"] == f"trusted-browser-{row.pk}"
    assert shown["name"] == shown["device"] == "Firefox on Windows"
    assert shown["may"] == "Skip the second step of signing in"
    assert shown["network"] == "127.0.0.0/24"
    times = [shown[f"{name}_at"] for name in ("created", "last_used", "expires")]
    assert list(map(datetime.fromisoformat, times)) == [
        now,
        now + timedelta(hours=1),
        now + timedelta(days=14),
    ]


def test_the_page_lists_them_and_names_the_button(alice, centre, laptop):
    laptop.trust(alice, at=timezone.now())

    text = " ".join(centre.get(PAGE).text.split())

    assert "Trusted browsers" in text
    assert "Stop trusting<span" in text
    assert "never used" in text


def test_lists_nothing_of_another_user(alice, bob, laptop):
    with_app(alice, at=timezone.now() - timedelta(hours=1))
    laptop.trust(alice, at=timezone.now())

    assert listed(browser_of(bob)) == []


def test_neither_the_secret_nor_the_cookie_is_stored(alice, laptop):
    laptop.trust(alice)

    row = str(TrustedBrowser.objects.values().get())
    (cookie,) = laptop.cookies.values()
    secret = cookie.partition(":")[0]
    assert secret not in row
    assert sha256(secret.encode()).hexdigest() in row


def test_trusting_is_an_event_with_the_device(alice, laptop):
    laptop.trust(alice)

    event = alice.security_events.get()
    assert event.kind == SecurityEvent.Kind.BROWSER_TRUSTED
    assert event.about == "Firefox on Windows"


# --- Ending one ---------------------------------------------------------------------


def test_ends_one_by_the_api_and_keeps_the_others(alice, centre, laptop, phone):
    row = laptop.trust(alice, at=timezone.now())
    phone.trust(alice, at=timezone.now())

    response = centre.delete(f"{API}/trusted-browser-{row.pk}")

    assert response.status_code == 204
    assert not laptop.skips(alice, at=timezone.now())
    assert phone.skips(alice, at=timezone.now())
    event = alice.security_events.latest("number")
    assert (event.kind, event.about) == ("credential_ended", "trusted-browser")


def test_ends_one_on_the_page(alice, centre, laptop):
    row = laptop.trust(alice, at=timezone.now())
    url = reverse("accounts:credential-end", args=[f"trusted-browser-{row.pk}"])

    page = centre.post(url, follow=True)

    assert "Firefox on Windows asks for your second step at the next" in page.text
    assert not laptop.skips(alice, at=timezone.now())


def test_a_stranger_can_end_none(alice, bob, laptop):
    row = laptop.trust(alice)

    response = browser_of(bob).delete(f"{API}/trusted-browser-{row.pk}")

    assert response.status_code == 404
    assert laptop.skips(alice)


def test_an_ended_one_is_not_there_any_more(alice, centre, laptop):
    row = laptop.trust(alice, at=timezone.now())
    for status in (204, 404):
        response = centre.delete(f"{API}/trusted-browser-{row.pk}")
        assert response.status_code == status


# --- How else they end --------------------------------------------------------------


def test_the_trust_ends_by_itself(alice, laptop, settings):
    laptop.trust(alice)
    age = settings.TRUSTED_BROWSER_AGE

    assert laptop.skips(alice, at=NOON + age - timedelta(seconds=1))
    assert not laptop.skips(alice, at=NOON + age)


def test_nothing_is_kept_of_what_ended_with_the_credentials(alice, bob, laptop):
    laptop.trust(alice)
    laptop.trust(bob)
    end_all(user=alice, at=NOON)

    assert TrustedBrowser.objects.get().user == bob


def test_nothing_is_kept_of_what_ended_with_a_new_factor(alice, laptop):
    laptop.trust(alice)
    with_app(alice, at=NOON)

    assert not TrustedBrowser.objects.exists()


def test_a_factor_that_was_removed_before_the_trust_gives_none(alice, laptop):
    with_app(alice, at=NOON)
    before = trusted_browsers.fingerprint_of(alice)
    alice.authenticator_set.all().delete()

    laptop.trust(alice, fingerprint=before)

    assert not laptop.skips(alice)


def test_the_cookie_of_another_user_is_worth_nothing(alice, bob, laptop):
    laptop.trust(alice)

    assert not laptop.skips(bob)


def test_a_browser_is_listed_once_however_often_it_is_trusted(alice, laptop):
    first = laptop.trust(alice)
    second = laptop.trust(alice, at=NOON + timedelta(days=1))

    assert TrustedBrowser.objects.get().pk == second.pk != first.pk


def test_several_users_trust_one_browser(alice, bob, laptop):
    laptop.trust(alice)
    laptop.trust(bob)

    assert laptop.skips(alice) and laptop.skips(bob)


def test_trusting_again_drops_no_other_user_of_the_browser(alice, bob, laptop):
    laptop.trust(bob)
    for day in range(trusted_browsers.MAX_ACCOUNTS + 1):
        laptop.trust(alice, at=NOON + timedelta(days=day))

    assert laptop.skips(bob)


def test_a_user_trusts_a_bounded_number(alice, laptop, monkeypatch):
    monkeypatch.setattr(trusted_browsers, "MAX_BROWSERS", 2)
    laptop.trust(alice)
    for minute in (1, 2):
        Browser().trust(alice, at=NOON + timedelta(minutes=minute))

    assert TrustedBrowser.objects.count() == 2
    assert not laptop.skips(alice)


def test_a_browser_without_the_cookie_costs_no_query(alice, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not Browser().skips(alice)


def test_the_regular_command_deletes_the_expired_ones(alice, laptop, phone):
    laptop.trust(alice, at=timezone.now() - timedelta(days=15))
    kept = phone.trust(alice, at=timezone.now())

    call_command("purge_credentials")

    assert TrustedBrowser.objects.get() == kept
