import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.credentials import deactivate, reactivate, sign_out_everywhere
from accounts.models import SecurityEvent
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("one_rate_window")

URL = reverse("account_reset_password")
NEW = "a brand new staple battery"


def ask(client, email="alice@example.com", **more):
    return client.post(URL, {"email": email}, **more)


def path_in(mail):
    """Return the path of the one link with a key in a mail."""
    (url,) = re.findall(r"http\S+/key/\S+", mail.body)
    assert url.startswith(f"{settings.BASE_URL}/")
    return url.removeprefix(settings.BASE_URL)


def follow(client, mail):
    """Follow the link of a mail, and return the address of its form."""
    return client.get(path_in(mail), follow=True).redirect_chain[-1][0]


def test_resets_the_password_by_the_link_in_the_mail(client, alice, mailoutbox):
    ask(client)

    form = follow(client, mailoutbox[0])
    response = client.post(form, {"password1": NEW})

    assert response.url == reverse("account_reset_password_from_key_done")
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert "_auth_user_id" not in client.session


def test_keeps_the_key_out_of_the_address_of_the_form(client, alice, mailoutbox):
    ask(client)

    assert follow(client, mailoutbox[0]).endswith("-set-password/")


def test_keeps_a_user_signed_in_who_follows_the_link_of_another(
    page_as, alice, bob, mailoutbox
):
    bobs = page_as(bob)
    ask(Client())

    form = follow(bobs, mailoutbox[0])
    assert bobs.get(form).status_code == 200
    bobs.post(form, {"password1": NEW})

    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert bobs.session["_auth_user_id"] == str(bob.pk)


@pytest.mark.parametrize("end", [sign_out_everywhere, deactivate, reactivate])
def test_is_void_once_every_credential_has_ended(client, alice, mailoutbox, end):
    ask(client)
    form = follow(client, mailoutbox[0])

    end(user=alice, at=timezone.now())

    assert "This link is no longer valid" in client.get(form).text
    assert "This link is no longer valid" in client.get(path_in(mailoutbox[0])).text


def test_works_once(client, alice, mailoutbox):
    ask(client)
    client.post(follow(client, mailoutbox[0]), {"password1": NEW})

    response = Client().get(path_in(mailoutbox[0]))

    assert "This link is no longer valid" in response.text


def test_ends_every_session_and_token(client, page_as, api_as, alice, mailoutbox):
    browser, program = page_as(alice), api_as(alice)
    pair = tokens.start_family(user=alice, at=timezone.now())
    ask(client)

    client.post(follow(client, mailoutbox[0]), {"password1": NEW})

    assert browser.get(reverse("accounts:security")).status_code == 302
    assert program.get(reverse("api:me")).status_code == 401
    refreshed = client.post(
        reverse("api:token-refresh"),
        {"refresh": pair.refresh},
        content_type="application/json",
    )
    assert refreshed.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_tells_the_owner_that_it_was_done(client, alice, mailoutbox):
    ask(client)

    client.post(follow(client, mailoutbox[0]), {"password1": NEW})

    assert mailoutbox[-1].subject == "Your Ownlist password was reset"
    kinds = list(alice.security_events.order_by("at").values_list("kind", flat=True))
    assert kinds == [
        SecurityEvent.Kind.RESET_REQUESTED,
        SecurityEvent.Kind.PASSWORD_CHANGED,
    ]


def test_answers_known_and_unknown_addresses_alike(client, alice, mailoutbox):
    known = ask(client)
    unknown = ask(client, email="nobody@example.com")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert known.headers.keys() == unknown.headers.keys()
    assert [mail.subject for mail in mailoutbox] == [
        "Choose a new password for Ownlist",
        "No Ownlist account with this address",
    ]


def test_sends_no_link_to_a_locked_account(client, alice, mailoutbox):
    deactivate(user=alice, at=timezone.now())

    ask(client)

    assert "/key/" not in mailoutbox[0].body


def test_sends_no_link_to_an_unverified_address(client, alice, mailoutbox):
    EmailAddress.objects.create(user=alice, email="slip@example.com")

    ask(client, email="slip@example.com")

    assert [mail.to for mail in mailoutbox] == [["slip@example.com"]]
    assert "/key/" not in mailoutbox[0].body


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Host"])
@pytest.mark.parametrize("host", ["evil.example", "localhost:6666", "127.0.0.1:6666"])
@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_links_to_the_base_url_regardless_of_the_host_header(
    client, alice, mailoutbox, header, host, email
):
    value = f"host={host}" if header == "Forwarded" else host

    response = ask(client, email=email, headers={header: value})

    if header == "Host" and host == "evil.example":
        assert response.status_code == 400
        assert mailoutbox == []
    else:
        links = re.findall(r"https?://\S+", mailoutbox[0].body)
        assert links
        assert {link.startswith(f"{settings.BASE_URL}/") for link in links} == {True}
        assert host not in mailoutbox[0].body + mailoutbox[0].subject


@pytest.mark.parametrize(
    "path",
    [
        "0-0",
        "abc-set-password",
        "018f0000000070008000000000000000-abc-def",
        "zzz-%00",
        "zzz-\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "A" * 500 + "-" + "b" * 5000,
    ],
)
def test_says_that_a_broken_link_is_not_valid(client, db, path):
    response = client.get(f"/accounts/password/reset/key/{path}/")

    assert response.status_code == 200
    assert "This link is no longer valid" in response.text


def test_refuses_a_weak_password_and_says_why(client, alice, mailoutbox):
    ask(client)

    response = client.post(follow(client, mailoutbox[0]), {"password1": "short"})

    assert "at least 15 characters" in response.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize("email", ["", "nobody", "a\0@b.example", "a" * 900_000])
def test_refuses_an_invalid_address(client, db, mailoutbox, email):
    response = ask(client, email=email)

    assert response.status_code == 200
    assert "Please correct the following" in response.text
    assert mailoutbox == []


def test_limits_mails_with_an_error_page(client, alice, mailoutbox):
    responses = [ask(client) for _ in range(21)]

    assert responses[19].status_code == 303
    assert responses[20].status_code == 429
    assert len(mailoutbox) == 5


def test_refuses_a_form_without_its_token(alice, mailoutbox):
    response = ask(Client(enforce_csrf_checks=True))

    assert response.status_code == 403
    assert mailoutbox == []
