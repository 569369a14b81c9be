from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.models import SecurityEvent
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import with_app

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = reverse("account_change_password")
SECURITY = reverse("accounts:security")
NEW = "a brand new staple battery"


def change(client, old=PASSWORD, new=NEW):
    return client.post(URL, {"oldpassword": old, "password1": new})


def test_changes_the_password_and_stays_signed_in(page_as, alice):
    client = page_as(alice)

    response = change(client)

    assert response.url == SECURITY
    assert client.get(SECURITY).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_tells_password_managers_whose_password_it_is(page_as, alice):
    form = page_as(alice).get(URL).text.partition("<main")[2]

    assert f'autocomplete="username" value="{alice.email}" hidden' in form


def test_ends_every_other_session(page_as, alice):
    here, elsewhere = page_as(alice), page_as(alice)

    change(here)

    assert elsewhere.get(SECURITY).status_code == 302


def test_ends_every_access_token(page_as, api_as, alice):
    program = api_as(alice)

    change(page_as(alice))

    assert program.get(reverse("api:me")).status_code == 401


def test_ends_every_refresh_token(page_as, api, alice):
    pair = tokens.start_family(user=alice, at=timezone.now())

    change(page_as(alice))

    response = api.post(reverse("api:token-refresh"), {"refresh": pair.refresh})
    assert response.status_code == 401


def test_leaves_other_users_signed_in(page_as, api_as, alice, bob):
    browser, program = page_as(bob), api_as(bob)

    change(page_as(alice))

    assert browser.get(SECURITY).status_code == 200
    assert program.get(reverse("api:me")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_tells_the_owner_that_it_was_done(page_as, alice, mailoutbox):
    change(page_as(alice))

    assert [mail.subject for mail in mailoutbox] == [
        "Your Ownlist password was changed"
    ]
    newest = alice.security_events.order_by("-at").first()
    assert newest.kind == SecurityEvent.Kind.PASSWORD_CHANGED


def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db):
    assert client.get(URL).url == f"{reverse('account_login')}?next={URL}"


def test_refuses_a_wrong_password_and_changes_nothing(page_as, alice, mailoutbox):
    elsewhere = page_as(alice)

    response = change(page_as(alice), old="wrong horse battery")

    assert "The password is incorrect." in response.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert elsewhere.get(SECURITY).status_code == 200
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("", "This field is required."),
        ("short", "at least 15 characters"),
        ("x" * 500_000, "Use at most 256 characters."),
        ("alice@example.com", "too similar"),
        ("correct horse\0battery", "Null characters are not allowed."),
    ],
)
def test_refuses_a_password_and_says_why(page_as, alice, new, message):
    response = change(page_as(alice), new=new)

    assert message in response.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert change(strict).status_code == 403


def test_limits_attempts_with_an_error_page(page_as, alice):
    client = page_as(alice)

    responses = [change(client, old="wrong horse battery") for _ in range(11)]

    assert responses[9].status_code == 200
    assert responses[10].status_code == 429
    assert "Too many attempts" in responses[10].text


def test_redirects_a_user_without_a_password_to_set_one(page_as, db):
    carol = UserFactory(email="carol@example.com", password=None)

    response = page_as(carol).get(URL)

    assert response.url == reverse("account_set_password")


def test_asks_a_user_with_a_password_for_it(page_as, alice):
    response = page_as(alice).post(reverse("account_set_password"), {"password1": NEW})

    assert response.url == URL
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_user_with_a_second_factor_needs_a_recent_sign_in(page_as, alice):
    hour_ago = timezone.now() - timedelta(hours=1)
    with_app(alice, at=hour_ago)

    recent = page_as(alice).get(URL)
    old = page_as(alice, authenticated_at=hour_ago).get(URL)

    assert recent.status_code == 200
    assert old.status_code == 302
    assert old["Location"].startswith("/accounts/2fa/confirm/")
