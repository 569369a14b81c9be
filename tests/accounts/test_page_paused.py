"""Users are notified of linked identities, and a reset by mail suspends them."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as current
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.better_auth.identities import link
from accounts.better_auth.verifier import verify
from accounts.credentials import change_password
from accounts.models import LinkedIdentity, SecurityEvent, User
from tests.factories import PASSWORD
from tests.openid import be_client_of, browser, come_back, is_signed_in

pytestmark = pytest.mark.django_db

NEW = "a brand new staple battery"
PAUSED = reverse("accounts:paused")
SECURITY = reverse("accounts:security")
ME = "/api/v1/users/me"


@pytest.fixture
def server(start_better_auth, settings):
    server = start_better_auth(oauth={})
    be_client_of(server, settings)
    return server


@pytest.fixture
def external_user(server):
    return server.sign_up("alice@elsewhere.example")


@pytest.fixture
def identity(server, external_user, alice):
    """A sign-in there that is connected to Alice's account."""
    verify_address(alice)
    return linked(server, external_user, alice)


def verify_address(user):
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)


def linked(server, external_user, user):
    token = verify(server.token(external_user), now=timezone.now().timestamp())
    return link(user=user, token=token, at=timezone.now())


def reset(user, mailoutbox):
    """Let the owner of the mailbox choose a new password; return their browser."""
    owner = Client()
    owner.post(reverse("account_reset_password"), {"email": user.email})
    path = re.findall(r"http\S+(/accounts/\S+/key/\S+)", mailoutbox[-1].body)[0]
    form = owner.get(path, follow=True).redirect_chain[-1][0]
    owner.done = owner.post(form, {"password1": NEW}, follow=True)
    return owner


def sign_in(client, user, password=NEW, **more):
    credentials = {"login": user.email, "password": password, **more}
    return client.post(reverse("account_login"), credentials, follow=True)


def cookies_of(external_user, client):
    for name, value in external_user.cookies.items():
        client.cookies[name] = value
    return client


# --- Mails --------------------------------------------------------------------------


def test_the_owner_is_told_when_a_sign_in_is_connected(
    server, external_user, alice, page_as, mailoutbox
):
    verify_address(alice)
    token, page = server.token(external_user), page_as(alice)

    page.post(reverse("accounts:connect"), {"token": token})
    page.post(reverse("accounts:connect-confirm"))

    (mail,) = mailoutbox
    assert mail.to == ["alice@example.com"]
    assert mail.subject == "A sign-in was connected to your Ownlist account"
    assert f"alice@elsewhere.example at {server.url}" in mail.body
    assert f"{current.BASE_URL}{SECURITY}" in mail.body
    assert "When: " in mail.body
    assert token not in mail.body
    assert not mail.alternatives
    assert "identity_linked" in kinds_of(alice)


def test_the_owner_is_told_when_a_sign_in_is_disconnected(
    server, identity, alice, page_as, mailoutbox
):
    page_as(alice).post(reverse("accounts:disconnect", args=[identity.pk]))

    (mail,) = mailoutbox
    assert mail.to == ["alice@example.com"]
    assert mail.subject == "A sign-in was disconnected from your Ownlist account"
    assert f"alice@elsewhere.example at {server.url}" in mail.body
    assert "identity_unlinked" in kinds_of(alice)


def test_an_unverified_address_gets_no_mail(
    server, identity, alice, page_as, mailoutbox
):
    EmailAddress.objects.update(verified=False)

    page_as(alice).post(reverse("accounts:disconnect", args=[identity.pk]))

    assert mailoutbox == []


def test_a_mail_repeats_no_text_of_the_other_server(
    identity, alice, page_as, mailoutbox
):
    LinkedIdentity.objects.update(known_as="Call us at once: https://evil.example")

    page_as(alice).post(reverse("accounts:disconnect", args=[identity.pk]))

    assert "evil.example" not in mailoutbox[0].body
    assert f"A sign-in at {identity.issuer}" in mailoutbox[0].body


def test_sends_no_mail_about_a_failed_change(
    server, identity, bob, page_as, mailoutbox
):
    page_as(bob).post(reverse("accounts:disconnect", args=[identity.pk]))

    assert mailoutbox == []


# --- What a reset by mail ends ------------------------------------------------------


@pytest.fixture
def after_reset(server, external_user, identity, alice, mailoutbox):
    """The owner's browser, after a reset of the password of Alice's account."""
    owner = reset(alice, mailoutbox)
    # Tokens have whole seconds, so a reset also ends those of the same second. Five
    # seconds earlier, it only pauses the sign-ins.
    User.objects.update(credentials_ended_at=timezone.now() - timedelta(seconds=5))
    return owner


def test_a_token_of_a_paused_sign_in_is_refused_as_any_other(
    server, external_user, after_reset, api_with
):
    answer = api_with(server.token(external_user)).get(ME)
    forged = api_with(server.token(external_user)[:-4] + "AAAA").get(ME)

    assert answer.status_code == 401
    assert answer.json() == forged.json()
    assert User.objects.count() == 1


def test_a_session_token_of_a_paused_sign_in_is_refused(server, after_reset, api_with):
    fresh = server.sign_in("alice@elsewhere.example")

    assert api_with(fresh.token).get(ME).status_code == 401


def test_a_token_of_a_suspended_identity_cannot_be_exchanged(
    server, external_user, after_reset, api_with
):
    answer = api_with(server.token(external_user)).post("/api/v1/auth/token/exchange")

    assert answer.status_code == 401


def test_tokens_exchanged_before_the_reset_end(
    server, external_user, identity, alice, api, api_with, mailoutbox
):
    pair = (
        api_with(server.token(external_user)).post("/api/v1/auth/token/exchange").json()
    )

    reset(alice, mailoutbox)

    refreshed = api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]})
    assert refreshed.status_code == 401
    assert api_with(pair["access"]).get(ME).status_code == 401


def test_a_page_by_the_cookie_of_a_suspended_identity_says_what_to_do(
    server, after_reset
):
    fresh = server.sign_in("alice@elsewhere.example")
    client = cookies_of(fresh, Client())

    page = client.get("/", follow=True)

    assert page.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "This sign-in is paused" in page.text
    assert client.get("/").status_code == 302


def test_signing_in_at_the_issuer_says_what_to_do(server, after_reset, settings):
    client = browser(settings)

    page = come_back(server, client, server.sign_in("alice@elsewhere.example"))

    assert "This sign-in is paused" in page.text
    assert not is_signed_in(client)


def test_a_browser_signed_in_there_before_is_signed_out(
    server, external_user, identity, alice, mailoutbox, settings
):
    client = browser(settings)
    come_back(server, client, external_user)
    assert client.get("/").status_code == 200

    reset(alice, mailoutbox)

    assert client.get("/").status_code == 302


def test_a_sign_in_from_before_the_address_was_verified_is_paused_as_well(
    server, external_user, alice, mailoutbox, api_with
):
    linked(server, external_user, alice)
    verify_address(alice)

    reset(alice, mailoutbox)

    assert api_with(server.token(external_user)).get(ME).status_code == 401


def test_a_password_change_by_its_owner_suspends_nothing(
    server, external_user, identity, alice, api_with, client
):
    change_password(user=alice, password=NEW, at=timezone.now())

    page = sign_in(client, alice)

    assert PAUSED not in page.redirect_chain[-1][0]
    assert alice.identities.get().suspended_at is None


# --- Showing, keeping, unlinking ----------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_page_and_the_mail_after_a_reset_name_suspended_identities(
    server, after_reset, mailoutbox
):
    mail = mailoutbox[-1]

    assert "Your connected sign-ins are paused" in after_reset.done.text
    assert mail.subject == "Your Ownlist password was reset"
    assert f"- alice@elsewhere.example at {server.url}" in mail.body
    assert f"{current.BASE_URL}{PAUSED}" in mail.body


@pytest.mark.django_db(transaction=True)
def test_nothing_is_shown_without_connected_sign_ins(alice, mailoutbox):
    owner = reset(alice, mailoutbox)

    page = sign_in(owner, alice)

    assert "paused" not in owner.done.text
    assert "paused" not in mailoutbox[-1].body
    assert page.redirect_chain[-1][0] == "/"


def test_signing_in_shows_suspended_identities_first(after_reset, alice):
    page = sign_in(after_reset, alice, next="/inbox/")

    assert page.redirect_chain[-1][0].startswith(PAUSED)
    assert "alice@elsewhere.example" in page.text
    assert 'href="/inbox/"' in page.text


def test_the_redirect_leads_to_no_other_site(after_reset, alice):
    sign_in(after_reset, alice)

    page = after_reset.get(f"{PAUSED}?next=https://evil.example/")

    assert "evil.example" not in page.text.partition("<main")[2]


def test_a_kept_identity_has_access_again(
    server, external_user, identity, after_reset, alice, api_with
):
    sign_in(after_reset, alice)
    keep = reverse("accounts:keep", args=[identity.pk])

    asked = after_reset.get(keep)
    done = after_reset.post(keep, follow=True)

    assert "Keep this sign-in?" in asked.text
    assert "The sign-in has been kept" in done.text
    assert api_with(server.token(external_user)).get(ME).json()["id"] == str(alice.pk)
    assert "identity_kept" in kinds_of(alice)


def test_a_get_does_not_keep_the_identity(identity, after_reset, alice):
    sign_in(after_reset, alice)

    after_reset.get(reverse("accounts:keep", args=[identity.pk]))

    assert alice.identities.get().suspended_at is not None


def test_linking_a_suspended_identity_again_does_not_keep_it(
    server, external_user, after_reset, alice
):
    alice.refresh_from_db()

    linked(server, external_user, alice)

    assert alice.identities.get().suspended_at is not None


def test_an_unlinked_identity_has_no_access_to_the_account(
    server, external_user, identity, after_reset, alice, api_with
):
    sign_in(after_reset, alice)

    after_reset.post(reverse("accounts:disconnect", args=[identity.pk]))

    mine = api_with(server.token(external_user)).get(ME).json()
    assert mine["id"] != str(alice.pk)
    assert "None of your connected sign-ins" in after_reset.get(PAUSED).text


def test_the_security_page_shows_suspended_identities(after_reset, alice):
    sign_in(after_reset, alice)

    page = after_reset.get(SECURITY).text

    assert '<span class="state">paused</span>' in page
    assert PAUSED in page


def test_keeping_requires_a_recent_sign_in(server, identity, alice, page_as):
    keep = reverse("accounts:keep", args=[identity.pk])
    LinkedIdentity.objects.update(suspended_at=timezone.now())

    answer = page_as(alice, authenticated_at=None).post(keep)

    assert reverse("account_reauthenticate") in answer["Location"]
    assert alice.identities.get().suspended_at is not None


def test_another_user_cannot_keep_a_suspended_identity(server, identity, bob, page_as):
    LinkedIdentity.objects.update(suspended_at=timezone.now())

    answer = page_as(bob).post(reverse("accounts:keep", args=[identity.pk]))

    assert answer.status_code == 404
    assert LinkedIdentity.objects.get().suspended_at is not None


def test_a_suspended_identity_is_not_a_sign_in_method(server, alice, page_as):
    User.objects.update(email=None, password="!")
    first = linked(server, server.sign_up(), alice)
    linked(server, server.sign_up(), alice)
    LinkedIdentity.objects.exclude(pk=first.pk).update(suspended_at=timezone.now())
    alice.refresh_from_db()

    page_as(alice).post(reverse("accounts:disconnect", args=[first.pk]))

    assert LinkedIdentity.objects.filter(pk=first.pk).exists()


# --- Attacks ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_attacker_who_registered_the_victims_address_first(
    server, settings, mailoutbox, api_with
):
    """Pre-hijacking: the victim's click and reset must leave the attacker no access."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    attacker, there = Client(), server.sign_up("attacker@evil.example")
    attacker.post(
        reverse("account_signup"),
        {"email": "victim@example.com", "password1": PASSWORD},
    )
    path = re.findall(r"http\S+(/accounts/confirm-email/\S+)", mailoutbox[-1].body)[0]
    Client().post(path)  # the victim's click
    # Tokens have whole seconds, so an end also applies to those of the same second.
    User.objects.update(credentials_ended_at=None)
    victim = User.objects.get()
    sign_in(attacker, victim, PASSWORD)
    attacker.post(reverse("accounts:connect"), {"token": server.token(there)})
    attacker.post(reverse("accounts:connect-confirm"))
    assert api_with(server.token(there)).get(ME).json()["id"] == str(victim.pk)
    assert mailoutbox[-1].to == ["victim@example.com"]

    owner = reset(victim, mailoutbox)

    assert api_with(server.token(there)).get(ME).status_code == 401
    assert "attacker@evil.example" in mailoutbox[-1].body
    page = sign_in(owner, victim)
    assert "attacker@evil.example" in page.text
    owner.post(reverse("accounts:disconnect", args=[victim.identities.get().pk]))
    assert victim.identities.count() == 0
    assert attacker.get("/").status_code == 302


def test_disconnecting_ends_what_that_sign_in_began(
    server, external_user, identity, alice, page_as, api, api_with, settings
):
    client = browser(settings)
    come_back(server, client, external_user)
    pair = (
        api_with(server.token(external_user)).post("/api/v1/auth/token/exchange").json()
    )
    assert client.get("/").status_code == 200

    page_as(alice).post(reverse("accounts:disconnect", args=[identity.pk]))

    assert client.get("/").status_code == 302
    refreshed = api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]})
    assert refreshed.status_code == 401


def test_disconnecting_leaves_what_another_sign_in_began(
    server, external_user, identity, alice, page_as, settings
):
    other = linked(server, server.sign_up(), alice)
    client = browser(settings)
    come_back(server, client, external_user)

    page_as(alice).post(reverse("accounts:disconnect", args=[other.pk]))

    assert client.get("/").status_code == 200


def kinds_of(user):
    events = SecurityEvent.objects.filter(user=user)
    return set(events.values_list("kind", flat=True))
