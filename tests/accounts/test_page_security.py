from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts import events, tokens
from accounts.models import SecurityEvent
from tests.factories import NOON
from tests.personal_tokens import token_of
from tests.signing_in import with_app
from tests.support import granted

URL = reverse("accounts:security")
EVERYWHERE = reverse("accounts:sign-out-everywhere")
Kind = SecurityEvent.Kind


def lines_of(html):
    """Return the text of the page, with one space between words."""
    return " ".join(strip_tags(html.partition("<main")[2]).split())


def test_shows_the_address_and_whether_it_is_confirmed(page_as, alice):
    page = page_as(alice).get(URL).text

    assert "alice@example.com" in page
    assert ">confirmed<" in page


def test_says_that_an_address_is_not_confirmed(page_as, alice):
    alice.emailaddress_set.update(verified=False)

    page = page_as(alice).get(URL).text

    assert ">not confirmed yet<" in page


def test_shows_the_pending_address(page_as, alice):
    EmailAddress.objects.create(user=alice, email="new@example.com")

    assert "Changing to new@example.com" in page_as(alice).get(URL).text


def test_shows_the_last_event_in_words_and_in_the_time_zone_of_the_user(page_as, alice):
    alice.timezone = "Asia/Tokyo"
    alice.save()
    client = page_as(alice)
    SecurityEvent.objects.all().delete()
    events.record(alice, Kind.SIGNED_IN, at=NOON - timedelta(days=400))
    events.record(
        alice, Kind.PASSWORD_CHANGED, at=datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
    )

    page = lines_of(client.get(URL).text)

    assert "Password changed, 2 March 2026, 05:30" in page
    assert "Signed in" not in page


def test_says_in_a_line_each_how_the_account_is_protected(page_as, alice, settings):
    client = page_as(alice)
    page = lines_of(client.get(URL).text)
    assert "Your password alone is enough to sign in" in page
    assert "1 browser and no apps signed in" in page
    assert "No tokens for scripts and agents" in page
    assert "Can't see your tasks" in page
    assert "Connected sign-ins" not in page

    with_app(alice, at=NOON)
    tokens.start_family(user=alice, at=timezone.now())
    token_of(alice)
    granted(alice)
    settings.BETTER_AUTH = {"url": "https://front.example.com"}
    page = lines_of(client.get(URL).text)

    assert "on authenticator app, 10 recovery codes left" in page
    assert "1 browser and 1 app signed in" in page
    assert "1 token for scripts and agents" in page
    assert "open Can look at your tasks until" in page
    assert "Connected sign-ins None" in page


def test_shows_what_support_did(page_as, alice, sam):
    client = page_as(alice)
    SecurityEvent.objects.all().delete()
    events.record(alice, Kind.REACTIVATED, at=NOON, by=sam)

    page = client.get(URL).text

    assert "Reactivated by support" in page
    assert "Sam" not in page
    assert sam.email not in page


def test_shows_nothing_of_another_user(page_as, alice, bob):
    events.record(bob, Kind.TOKEN_REUSED, at=NOON)

    page = page_as(alice).get(URL).text

    assert Kind.TOKEN_REUSED.label not in page
    assert bob.email not in page


def test_the_number_of_queries_does_not_grow_with_the_events(
    page_as, alice, django_assert_max_num_queries
):
    client = page_as(alice)
    for day in range(25):
        events.record(alice, Kind.SIGNED_IN, at=NOON - timedelta(days=day))

    with django_assert_max_num_queries(14):
        client.get(URL)


@pytest.mark.parametrize("url", [URL, EVERYWHERE])
def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db, url):
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"
    assert client.post(url).url == f"{reverse('account_login')}?next={url}"


def test_asks_before_it_signs_out_everywhere(page_as, alice):
    client = page_as(alice)

    response = client.get(EVERYWHERE)

    assert "Sign out everywhere?" in response.text
    assert client.get(URL).status_code == 200


def test_signs_out_everywhere(page_as, api_as, api, alice):
    here, elsewhere, program = page_as(alice), page_as(alice), api_as(alice)
    pair = tokens.start_family(user=alice, at=timezone.now())

    response = here.post(EVERYWHERE)

    assert response.url == reverse("account_login")
    assert here.get(URL).status_code == 302
    assert elsewhere.get(URL).status_code == 302
    assert program.get(reverse("api:me")).status_code == 401
    refreshed = api.post(reverse("api:token-refresh"), {"refresh": pair.refresh})
    assert refreshed.status_code == 401


def test_shows_the_message_on_the_sign_in_page(page_as, alice):
    response = page_as(alice).post(EVERYWHERE, follow=True)

    assert "You have signed out everywhere." in response.text
    assert alice.security_events.filter(kind=Kind.SIGNED_OUT_EVERYWHERE).exists()


def test_signs_out_no_other_user(page_as, api_as, alice, bob):
    browser, program = page_as(bob), api_as(bob)

    page_as(alice).post(EVERYWHERE)

    assert browser.get(URL).status_code == 200
    assert program.get(reverse("api:me")).status_code == 200


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert strict.post(EVERYWHERE).status_code == 403
    assert strict.get(URL).status_code == 200
