"""Linking and unlinking of identities by the signed-in user."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.better_auth.identities import find_or_provision
from accounts.better_auth.verifier import verify
from accounts.models import LinkedIdentity, SecurityEvent
from accounts.pages import identities
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

CONNECT = reverse("accounts:connect")
CONFIRM = reverse("accounts:connect-confirm")
SECURITY = reverse("accounts:security")


@pytest.fixture
def server(better_auth, settings):
    settings.BETTER_AUTH = {"url": better_auth.url}
    return better_auth


@pytest.fixture
def signed_in(client, alice):
    """Alice's browser, in which she has given her password just now."""
    return confirmed(client, alice)


def confirmed(client, external_user):
    sign_in = {"login": external_user.email, "password": PASSWORD}
    client.post(reverse("account_login"), sign_in)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.fixture
def identity(server, alice):
    """A sign-in of Alice's that is connected already."""
    token = verify(server.token(server.sign_up()), now=timezone.now().timestamp())
    identity = find_or_provision(token, at=timezone.now())
    LinkedIdentity.objects.filter(pk=identity.pk).update(user=alice)
    return identity


def test_connects_after_showing_whose_sign_in_it_is(server, signed_in, alice, api_with):
    external_user = server.sign_up("alice@elsewhere.example")
    token = server.token(external_user)

    signed_in.post(CONNECT, {"token": token})
    asked = signed_in.get(CONFIRM)
    done = signed_in.post(CONFIRM, follow=True)

    assert "alice@elsewhere.example" in asked.content.decode()
    assert token not in asked.content.decode()
    assert "connected" in done.content.decode()
    assert alice.identities.get().subject == external_user.user_id
    assert api_with(token).get("/api/v1/users/me").json()["id"] == str(alice.pk)


def test_presenting_a_token_connects_nothing_yet(server, signed_in, alice):
    signed_in.post(CONNECT, {"token": server.token(server.sign_up())})

    assert not LinkedIdentity.objects.exists()


def test_shows_first_and_last_use(signed_in, identity):
    overview = signed_in.get(SECURITY).content.decode()
    page = signed_in.get(reverse("accounts:credentials")).content.decode()

    assert identity.issuer in overview
    assert identity.issuer in page
    assert "last used on" in page
    assert CONNECT in page


def test_asks_an_anonymous_visitor_to_sign_in(server, client):
    assert reverse("account_login") in client.get(CONNECT)["Location"]
    assert reverse("account_login") in client.get(CONFIRM)["Location"]


def test_asks_for_the_password_if_the_sign_in_is_old(server, page_as, alice):
    old = page_as(alice, authenticated_at=None)

    assert reverse("account_reauthenticate") in old.get(CONNECT)["Location"]


def test_there_is_nothing_to_connect_without_an_issuer(signed_in):
    assert signed_in.get(CONNECT).status_code == 404
    assert CONNECT not in signed_in.get(SECURITY).content.decode()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "é" * 100, "x" * 9000])
def test_an_invalid_token_is_an_error_of_the_form(server, signed_in, token):
    page = signed_in.post(CONNECT, {"token": token})

    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert not LinkedIdentity.objects.exists()


def test_an_unreachable_issuer_is_reported(server, signed_in):
    token = server.token(server.sign_up())
    server.stop()

    page = signed_in.post(CONNECT, {"token": token})

    assert "reached" in page.content.decode()


def test_there_is_nothing_to_confirm_without_a_token(server, signed_in):
    assert signed_in.get(CONFIRM)["Location"] == CONNECT
    assert signed_in.post(CONFIRM)["Location"] == CONNECT


def test_the_identity_of_another_account_stays_there(server, signed_in, alice, bob):
    external_user = server.sign_up()
    token = verify(server.token(external_user), now=timezone.now().timestamp())
    identity = find_or_provision(token, at=timezone.now())

    signed_in.post(CONNECT, {"token": server.token(external_user)})
    page = signed_in.post(CONFIRM, follow=True)

    assert "already connected to another account" in page.content.decode()
    assert alice.identities.count() == 0
    assert LinkedIdentity.objects.get().user_id == identity.user_id


def test_disconnects_after_asking(signed_in, identity, alice):
    url = reverse("accounts:disconnect", args=[identity.pk])

    asked = signed_in.get(url)
    signed_in.post(url)

    assert asked.status_code == 200
    assert alice.identities.count() == 0
    kinds = SecurityEvent.objects.filter(user=alice).values_list("kind", flat=True)
    assert "identity_unlinked" in kinds


def test_another_user_cannot_disconnect(server, identity, bob, client):
    answer = confirmed(client, bob).post(
        reverse("accounts:disconnect", args=[identity.pk])
    )

    assert answer.status_code == 404
    assert LinkedIdentity.objects.exists()


def test_never_unlinks_the_last_sign_in_method(signed_in, identity, alice):
    LinkedIdentity.objects.filter(pk=identity.pk).update(user=alice)
    alice.set_unusable_password()
    alice.save()
    signed_in.force_login(
        alice, backend="allauth.account.auth_backends.AuthenticationBackend"
    )

    signed_in.post(reverse("accounts:disconnect", args=[identity.pk]))

    assert LinkedIdentity.objects.filter(user=alice).exists()


def test_linking_again_sends_no_mail(server, signed_in, alice, mailoutbox):
    token = server.token(server.sign_up())

    for _ in range(3):
        signed_in.post(CONNECT, {"token": token})
        signed_in.post(CONFIRM)

    assert alice.identities.count() == 1
    assert len(mailoutbox) == 1


def test_disconnecting_twice_at_once_mails_once(
    signed_in, identity, mailoutbox, monkeypatch
):
    """The second request runs after the first has read the row, before it locks it."""
    url = reverse("accounts:disconnect", args=[identity.pk])
    unlink, requests = identities.unlink, [url]

    def other_request_first(**words):
        if requests:
            signed_in.post(requests.pop())
        return unlink(**words)

    monkeypatch.setattr(identities, "unlink", other_request_first)

    signed_in.post(url)

    assert not LinkedIdentity.objects.exists()
    assert len(mailoutbox) == 1
