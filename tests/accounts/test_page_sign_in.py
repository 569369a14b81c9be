import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import credentials
from accounts.credentials import deactivate
from accounts.models import SecurityEvent
from config.error_pages import wait_in_words
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = reverse("account_login")
WRONG = "The e-mail address or password is incorrect."


def sign_in(client, email="alice@example.com", password=PASSWORD, **more):
    return client.post(URL, {"login": email, "password": password}, **more)


def test_lands_on_today(client, alice):
    response = sign_in(client)

    assert response.status_code == 303
    assert response.url == reverse("todos:task-today")
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_counts_as_recent_for_fifteen_minutes(client, alice, monkeypatch):
    sign_in(client)

    assert client.get(reverse("accounts:delete")).status_code == 200
    monkeypatch.setattr(credentials, "RECENT", timedelta(0))
    assert client.get(reverse("accounts:delete")).status_code == 302


def test_finds_the_account_by_its_address_in_any_case(client, alice):
    response = sign_in(client, email=" Alice@EXAMPLE.com ")

    assert response.status_code == 303


def test_redirects_to_the_requested_page(client, alice):
    asked = client.get(reverse("accounts:security"))
    form = client.get(asked.url)

    response = client.post(
        URL,
        {
            "login": alice.email,
            "password": PASSWORD,
            "next": form.context["redirect_field_value"],
        },
    )

    assert asked.url == f"{URL}?next=/accounts/security/"
    assert response.url == reverse("accounts:security")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "\x00//evil.example",
        "//[::1",
    ],
)
def test_never_redirects_to_another_host(client, alice, target):
    response = client.post(
        URL, {"login": alice.email, "password": PASSWORD, "next": target}
    )

    assert response.url == reverse("todos:task-today")


def test_shows_the_page_whatever_follows(client):
    assert client.get(URL, {"next": "//[::1"}).status_code == 200


def test_records_the_sign_in(client, alice):
    sign_in(client)

    kinds = list(alice.security_events.values_list("kind", flat=True))
    assert kinds == [SecurityEvent.Kind.SIGNED_IN]


def test_records_a_failure_on_the_account_it_was_meant_for(client, alice, bob):
    sign_in(client, password="wrong horse battery")

    kinds = list(alice.security_events.values_list("kind", flat=True))
    assert kinds == [SecurityEvent.Kind.SIGN_IN_FAILED]
    assert not bob.security_events.exists()


def test_says_the_same_of_a_wrong_password_and_an_unknown_address(client, alice):
    known = sign_in(client, password="wrong horse battery")
    unknown = sign_in(
        Client(), email="nobody@example.com", password="wrong horse battery"
    )

    assert known.status_code == unknown.status_code == 200
    assert WRONG in known.text
    assert _without_tokens(known) == _without_tokens(unknown).replace(
        "nobody@example.com", alice.email
    )


def test_says_the_same_of_a_locked_account_and_a_wrong_password(client, alice):
    deactivate(user=alice, at=timezone.now())

    response = sign_in(client, password="wrong horse battery")

    assert WRONG in response.text


def test_tells_only_the_owner_that_the_account_is_locked(client, alice):
    deactivate(user=alice, at=timezone.now())

    response = client.post(
        URL, {"login": alice.email, "password": PASSWORD}, follow=True
    )

    assert "This account is locked" in response.text
    assert "_auth_user_id" not in client.session


def test_asks_an_unverified_user_to_verify_where_it_is_mandatory(
    client, db, settings, mailoutbox
):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    carol = UserFactory(email="carol@example.com")
    carol.emailaddress_set.update(verified=False)

    response = sign_in(client, email=carol.email)

    assert response.url == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    assert [mail.to for mail in mailoutbox] == [[carol.email]]


def test_offers_to_stay_signed_in(client, db):
    assert re.search(r'name="remember"[^>]* checked', client.get(URL).text)


def test_ends_with_the_browser_if_that_is_unchecked(client, alice):
    sign_in(client)

    assert client.session.get_expire_at_browser_close()


def test_stays_for_two_weeks_on_request(client, alice):
    client.post(URL, {"login": alice.email, "password": PASSWORD, "remember": "on"})

    assert not client.session.get_expire_at_browser_close()
    assert client.session.get_expiry_age() == 14 * 24 * 60 * 60


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        ("", PASSWORD, "This field is required."),
        ("alice@example.com", "", "This field is required."),
        ("alice@example.com", "x" * 500_000, "Use at most 256 characters."),
        ("alice@example.com", "a\0b", "Null characters are not allowed."),
        ("a\0b@example.com", PASSWORD, "Null characters are not allowed."),
        ("a" * 900_000, PASSWORD, "at most 254 characters"),
        ("al\u0131ce@example.com", PASSWORD, "ASCII characters only"),
    ],
)
def test_refuses_invalid_input_and_says_why(client, alice, email, password, message):
    response = sign_in(client, email=email, password=password)

    assert response.status_code == 200
    assert message in response.text


def test_refuses_a_form_without_its_token(alice):
    response = sign_in(Client(enforce_csrf_checks=True))

    assert response.status_code == 403
    assert "This page has expired" in response.text


def test_limits_attempts_at_one_account(client, alice):
    for _ in range(10):
        sign_in(client, password="wrong horse battery")

    response = sign_in(client)

    assert response.status_code == 429
    assert "Too many attempts" in response.text
    assert f"Try again in {minutes_of(response)}." in response.text
    assert "_auth_user_id" not in client.session


def test_counts_attempts_regardless_of_the_port(client, alice):
    for port in range(10):
        sign_in(
            client,
            password="wrong horse battery",
            headers={"host": f"localhost:{port}"},
        )

    response = sign_in(client, headers={"host": "localhost:9999"})

    assert "Too many attempts" in response.text


def test_limits_attempts_at_many_accounts_with_an_error_page(client, db):
    responses = [sign_in(client, email="") for _ in range(61)]

    assert responses[59].status_code == 200
    assert responses[60].status_code == 429
    assert "Too many attempts" in responses[60].text


def minutes_of(response):
    return wait_in_words(int(response["Retry-After"]))


def _without_tokens(response):
    token = response.context["csrf_token"]
    return response.text.replace(str(token), "")
