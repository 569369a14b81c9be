from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import SecurityEvent, User
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = reverse("account_signup")


@pytest.fixture
def mandatory(settings):
    """Users must verify their address before they can sign in."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def sign_up(client, email="carol@example.com", password=PASSWORD, **more):
    return client.post(URL, {"email": email, "password1": password, **more})


def test_creates_an_account_and_redirects_to_today(client, db):
    response = sign_up(client)

    assert response.status_code == 303
    assert response.url == reverse("todos:task-today")
    user = User.objects.get(email="carol@example.com")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_counts_as_a_recent_sign_in(client, db):
    sign_up(client)

    assert client.get(reverse("accounts:delete")).status_code == 200


def test_mails_a_link_to_confirm_the_address(client, db, mailoutbox):
    sign_up(client)

    assert [mail.to for mail in mailoutbox] == [["carol@example.com"]]
    assert EmailAddress.objects.get().verified is False


def test_records_the_sign_up(client, db):
    sign_up(client)

    kinds = set(SecurityEvent.objects.values_list("kind", flat=True))
    assert SecurityEvent.Kind.SIGNED_UP in kinds


def test_uses_the_time_zone_of_the_device(client, db):
    sign_up(client, timezone="Asia/Kolkata")

    assert User.objects.get().timezone == "Asia/Kolkata"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "x" * 5000])
def test_accepts_an_unknown_zone_of_the_device(client, db, zone):
    sign_up(client, timezone=zone)

    assert User.objects.get().timezone == "UTC"


def test_redirects_to_the_page_that_was_requested(client, db):
    response = sign_up(client, next=reverse("accounts:settings"))

    assert response.url == reverse("accounts:settings")


def test_tells_browsers_and_password_managers_what_the_fields_are(client, db):
    page = client.get(URL).text

    assert 'autocomplete="email"' in page
    assert 'autocomplete="new-password"' in page
    assert 'minlength="15"' in page


def test_redirects_a_signed_in_user_to_their_tasks(page_as, alice):
    response = page_as(alice).get(URL)

    assert response.url == reverse("todos:task-today")


def test_says_that_an_account_exists_if_it_cannot_be_avoided(client, alice):
    response = sign_up(client, email="Alice@Example.com")

    assert response.status_code == 200
    assert "An account with this address already exists." in response.text
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("", "This field is required."),
        ("nobody", "Enter a valid e-mail address."),
        ("a\0b@example.com", "Null characters are not allowed."),
        ("a\ud800b@example.com", "Enter a valid e-mail address."),
        ("mi\u212ae@example.com", "ASCII characters only"),
        ("аlice@example.com", "Enter a valid e-mail address."),
        ("alice@exаmple.com", "ASCII characters only"),
        ("a@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + "." + "e" * 80, "254"),
        ("a" * 900_000, "at most 254 characters"),
    ],
)
def test_refuses_an_invalid_address(client, db, email, message):
    response = client.post(
        URL,
        data=f"email={_quoted(email)}&password1=correct+horse+battery",
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 200
    assert message in response.text
    assert not User.objects.exists()


def _quoted(text):
    """Percent-encode the text, including lone surrogates."""
    return quote(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", "This field is required."),
        ("short", "at least 15 characters"),
        ("x" * 257, "Use at most 256 characters."),
        ("x" * 500_000, "Use at most 256 characters."),
        ("password1234", "too common"),
        ("carol@example.com", "too similar"),
        ("correct horse\0battery", "Null characters are not allowed."),
        ("correct horse\x07battery", "that can be typed"),
    ],
)
def test_refuses_a_password_and_says_why(client, db, password, message):
    response = sign_up(client, password=password)

    assert response.status_code == 200
    assert message.replace("'", "&#x27;") in response.text
    assert not User.objects.exists()


def test_refuses_a_body_that_is_too_large(client, db):
    response = sign_up(client, email="a" * 1_100_000)

    assert response.status_code == 413
    assert "Request too large" in response.text


def test_waits_for_verification_where_it_is_mandatory(
    client, db, mandatory, mailoutbox
):
    response = sign_up(client)

    assert response.url == reverse("account_email_verification_sent")
    assert "_auth_user_id" not in client.session
    assert len(mailoutbox) == 1


def test_does_not_tell_whether_an_account_exists(
    client, alice, mandatory, mailoutbox, django_user_model
):
    unknown = client.post(URL, {"email": "new@example.com", "password1": PASSWORD})
    known = client.post(URL, {"email": alice.email, "password1": PASSWORD})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert known.headers.keys() == unknown.headers.keys()
    subjects = {mail.to[0]: mail.subject for mail in mailoutbox}
    assert subjects[alice.email] == "You already have an Ownlist account"
    assert django_user_model.objects.count() == 2


def test_shows_the_same_page_after_known_and_unknown_addresses(
    client, alice, mandatory
):
    pages = [
        client.post(URL, {"email": email, "password1": PASSWORD}, follow=True).text
        for email in ("new@example.com", alice.email)
    ]

    assert pages[0].replace("new@example.com", alice.email) == pages[1]


def test_refuses_a_form_without_its_token(db):
    response = sign_up(Client(enforce_csrf_checks=True))

    assert response.status_code == 403
    assert "This page has expired" in response.text
    assert not User.objects.exists()


def test_limits_requests_with_an_error_page(client, db):
    responses = [sign_up(client, email="nobody") for _ in range(21)]

    assert responses[19].status_code == 200
    assert responses[20].status_code == 429
    assert "Too many attempts" in responses[20].text
    assert 0 < int(responses[20]["Retry-After"]) <= 3600
