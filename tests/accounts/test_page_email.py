import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.credentials import deactivate, reactivate, sign_out_everywhere
from accounts.models import SecurityEvent, User
from tests.factories import PASSWORD, UserFactory

URL = reverse("account_email")
NEW = "alice.new@example.com"


def ask(client, email=NEW):
    return client.post(URL, {"email": email, "action_add": "1"})


def link_in(mail):
    (url,) = re.findall(r"http\S+/confirm-email/\S+", mail.body)
    assert url.startswith(f"{settings.BASE_URL}/")
    return url.removeprefix(settings.BASE_URL)


@pytest.fixture
def unverified(db):
    """A user who never verified the address they signed up with."""
    carol = UserFactory(email="carol@example.com")
    carol.emailaddress_set.update(verified=False)
    return carol


def test_asks_for_the_password_first_if_the_sign_in_is_old(page_as, alice):
    client = page_as(alice, authenticated_at=None)

    refused = ask(client)
    back = client.post(refused.url, {"password": PASSWORD})

    assert refused.url.startswith(reverse("account_reauthenticate"))
    assert not EmailAddress.objects.filter(email=NEW).exists()
    assert back.url == URL
    assert client.get(URL).status_code == 200


def test_changes_nothing_before_the_address_is_verified(page_as, alice, mailoutbox):
    ask(page_as(alice))

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert [mail.to for mail in mailoutbox] == [[NEW]]


def test_changes_the_address_by_the_link_in_the_mail(page_as, alice, mailoutbox):
    client = page_as(alice)
    ask(client)
    link = link_in(mailoutbox[0])

    page = client.get(link)
    response = client.post(link)

    assert "<h1>Confirm your e-mail address</h1>" in page.text
    assert response.url == reverse("accounts:security")
    alice.refresh_from_db()
    assert alice.email == NEW
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [
        (NEW, True, True)
    ]


def test_changes_the_address_also_in_another_browser(
    page_as, client, alice, mailoutbox
):
    ask(page_as(alice))

    response = client.post(link_in(mailoutbox[0]))

    assert response.url == reverse("account_login")
    alice.refresh_from_db()
    assert alice.email == NEW


def test_does_nothing_when_the_link_is_only_opened(page_as, client, alice, mailoutbox):
    ask(page_as(alice))

    client.get(link_in(mailoutbox[0]))

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


@pytest.mark.parametrize("method", ["get", "post"])
def test_keeps_a_user_signed_in_who_follows_the_link_of_another(
    page_as, alice, bob, mailoutbox, method
):
    ask(page_as(alice))
    bobs = page_as(bob)

    getattr(bobs, method)(link_in(mailoutbox[0]))

    assert bobs.session["_auth_user_id"] == str(bob.pk)
    assert bobs.get(URL).status_code == 200


def test_ends_every_other_session_and_token(page_as, api_as, alice, mailoutbox):
    here, elsewhere, program = page_as(alice), page_as(alice), api_as(alice)
    ask(here)

    here.post(link_in(mailoutbox[0]))

    assert here.get(URL).status_code == 200
    assert elsewhere.get(URL).status_code == 302
    assert program.get("/api/v1/users/me").status_code == 401


def test_confirming_the_address_in_use_ends_nothing(
    page_as, client, unverified, mailoutbox
):
    carols = page_as(unverified)
    carols.post(URL, {"email": unverified.email, "action_send": "1"})

    client.post(link_in(mailoutbox[0]))

    assert carols.get(URL).status_code == 200
    assert unverified.emailaddress_set.get().verified


@pytest.mark.parametrize("end", [sign_out_everywhere, deactivate, reactivate])
def test_is_void_once_every_credential_has_ended(
    page_as, client, alice, mailoutbox, end
):
    """This let a thief take over the account after its owner had ended their access."""
    ask(page_as(alice))

    end(user=alice, at=timezone.now())

    link = link_in(mailoutbox[0])
    assert "This link is no longer valid" in client.get(link).text
    assert client.post(link).status_code == 404
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_tells_the_old_address(page_as, client, alice, mailoutbox):
    ask(page_as(alice))

    client.post(link_in(mailoutbox[0]))

    assert mailoutbox[-1].to == ["alice@example.com"]
    assert NEW in mailoutbox[-1].body
    newest = alice.security_events.order_by("-at").first()
    assert newest.kind == SecurityEvent.Kind.EMAIL_CHANGED


def test_works_once(page_as, client, alice, mailoutbox):
    ask(page_as(alice))
    link = link_in(mailoutbox[0])
    client.post(link)

    assert "This link is no longer valid" in client.get(link).text
    assert client.post(link).status_code == 404


@pytest.mark.parametrize("key", ["abc", "MQ:1abc:def", "ÄÖÜ", "x" * 3000, "a:b:c:d"])
def test_says_that_a_broken_link_is_not_valid(client, db, key):
    response = client.get(f"/accounts/confirm-email/{key}/")

    assert response.status_code == 200
    assert "This link is no longer valid" in response.text


def test_the_deletion_can_be_cancelled(page_as, alice, mailoutbox):
    client = page_as(alice)
    ask(client)

    client.post(URL, {"email": NEW, "action_remove": "1"})

    assert "This link is no longer valid" in client.get(link_in(mailoutbox[0])).text
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"


def test_waits_for_one_address_at_a_time(page_as, alice, mailoutbox):
    client = page_as(alice)
    ask(client)

    ask(client, "alice.newer@example.com")

    waiting = EmailAddress.objects.filter(user=alice, verified=False)
    assert [address.email for address in waiting] == ["alice.newer@example.com"]
    assert "This link is no longer valid" in client.get(link_in(mailoutbox[0])).text


def test_sends_the_link_again(page_as, alice, mailoutbox):
    client = page_as(alice)
    EmailAddress.objects.create(user=alice, email=NEW)

    client.post(URL, {"email": NEW, "action_send": "1"})

    assert [mail.to for mail in mailoutbox] == [[NEW]]


def test_keeps_an_address_that_was_never_verified_until_the_new_one_is(
    page_as, unverified, mailoutbox
):
    client = page_as(unverified)

    ask(client)

    unverified.refresh_from_db()
    assert unverified.email == "carol@example.com"
    client.post(link_in(mailoutbox[0]))
    unverified.refresh_from_db()
    assert unverified.email == NEW


@pytest.mark.parametrize("action", ["action_remove", "action_primary"])
def test_never_deletes_the_address_in_use(page_as, unverified, action):
    client = page_as(unverified)
    ask(client)

    client.post(URL, {"email": "carol@example.com", action: "1"})
    client.post(URL, {"email": NEW, "action_primary": "1"})

    unverified.refresh_from_db()
    assert unverified.email == "carol@example.com"


def test_never_accepts_the_address_of_another_account(
    page_as, alice, unverified, mailoutbox
):
    client = page_as(alice)
    ask(client, unverified.email)

    response = client.post(link_in(mailoutbox[0]), follow=True)

    assert "another account uses it" in response.text
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert User.objects.get(pk=unverified.pk).email == "carol@example.com"


def test_answers_known_and_unknown_addresses_alike(page_as, alice, bob):
    client = page_as(alice)
    ask(client, "first@example.com")

    unknown = ask(client, "nobody@example.com")
    known = ask(client, bob.email)

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_does_not_change_a_strangers_pending_address(page_as, alice, bob):
    EmailAddress.objects.create(user=bob, email="bob.new@example.com")
    client = page_as(alice)
    ask(client)

    client.post(URL, {"email": "bob.new@example.com", "action_remove": "1"})

    assert EmailAddress.objects.filter(email="bob.new@example.com").exists()


def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db):
    assert client.get(URL).url == f"{reverse('account_login')}?next={URL}"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a\0@b.example",
        "mi\u212ae@example.com",
        "a" * 900_000,
        "a@" + "b" * 260,
    ],
)
def test_refuses_an_invalid_address(page_as, alice, mailoutbox, email):
    response = page_as(alice).post(URL, {"email": email, "action_add": "1"})

    assert response.status_code == 200
    assert "Please correct the following" in response.text
    assert mailoutbox == []


@pytest.mark.parametrize("action", ["action_send", "action_remove", "action_primary"])
@pytest.mark.parametrize("email", ["nobody", "a\0@b.example", "x" * 5000])
def test_ignores_an_action_on_an_invalid_address(page_as, alice, action, email):
    response = page_as(alice).post(URL, {"email": email, action: "1"})

    assert response.status_code == 303
    assert response.url == URL


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert ask(strict).status_code == 403
