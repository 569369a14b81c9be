"""Signing in on our pages at a real Better Auth server, by OpenID Connect."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import credentials, social_adapter
from accounts.better_auth import sessions
from accounts.models import LinkedIdentity, User
from tests.factories import UserFactory
from tests.openid import (
    CALLBACK,
    START,
    be_client_of,
    browser,
    come_back,
    follow_back,
    is_signed_in,
)
from tests.signing_in import app_code, with_app

pytestmark = pytest.mark.django_db

DELETE = reverse("accounts:delete")
STEP = reverse("mfa_authenticate")
ME = "/api/v1/users/me"


@pytest.fixture
def server(start_better_auth, settings):
    """A server that knows us as its client."""
    server = start_better_auth(oauth={})
    be_client_of(server, settings)
    return server


@pytest.fixture
def client(settings):
    return browser(settings)


def test_signs_in_and_creates_an_account_on_first_use(server, client):
    external_user = server.sign_up(name="Alice")

    page = come_back(server, client, external_user)

    assert page.redirect_chain[-1][0] == reverse("todos:task-today")
    identity = LinkedIdentity.objects.get()
    assert (identity.issuer, identity.subject) == (server.url, external_user.user_id)
    assert User.objects.get().email is None


def test_returns_to_the_page_where_it_began(server, client):
    external_user = server.sign_up(name="Alice")
    page = client.get("/accounts/login/?next=/tasks/new/%3Fdraft%3Dabc")
    start = re.search(rf'action="({START}[^"]*)"', page.content.decode())[1]

    back = come_back(server, client, external_user, start=unescape(start))

    assert back.redirect_chain[-1][0] == "/tasks/new/?draft=abc"


def test_is_the_same_user_as_by_token(server, client, api_with):
    external_user = server.sign_up()
    by_token = (
        api_with(server.token(external_user)).get("/api/v1/users/me").json()["id"]
    )

    come_back(server, client, external_user)

    assert User.objects.count() == 1
    assert client.session["_auth_user_id"] == by_token


def test_never_finds_an_account_by_its_address(server, client):
    victim = UserFactory(email="victim@example.com")

    come_back(server, client, server.sign_up("victim@example.com"))

    assert client.session["_auth_user_id"] != str(victim.pk)
    assert victim.identities.count() == 0


def test_a_locked_account_cannot_sign_in(server, client):
    external_user = server.sign_up()
    come_back(server, client, external_user)
    User.objects.update(is_active=False)
    client.logout()

    come_back(server, client, external_user)

    assert "_auth_user_id" not in client.session


def test_a_user_with_a_factor_is_asked_for_it(server, client):
    """Unless the user lets this sign-in in without it, or trusts the browser."""
    external_user = server.sign_up()
    come_back(server, client, external_user)
    user = User.objects.get()
    secret = with_app(user, at=timezone.now() - timedelta(hours=1))
    client.logout()

    asked = come_back(server, client, external_user, start=f"{START}?next=/trash/")
    assert asked.redirect_chain[-1][0] == STEP
    assert not is_signed_in(client)
    assert client.get(reverse("accounts:security")).status_code == 302
    assert "is wrong" in client.post(STEP, {"code": "000000"}).text
    assert not is_signed_in(client)
    code = app_code(secret, at=timezone.now())
    done = client.post(STEP, {"code": code})
    assert (done.status_code, done.url) == (303, "/trash/")
    assert client.session["_auth_user_id"] == str(user.pk)

    # A sign-in at the issuer alone is none that is recent for a user with a factor.
    assert client.get(DELETE).status_code == 200
    LinkedIdentity.objects.update(skips_factor=True)
    client.logout()
    come_back(server, client, external_user)
    assert is_signed_in(client)
    assert client.get(DELETE).url.startswith(reverse("mfa_reauthenticate"))


def test_the_sign_in_page_offers_it(server, client):
    page = client.get(reverse("account_login")).content.decode()

    assert "Sign in with 127.0.0.1" in page
    assert START in page


def test_the_sign_in_page_offers_it_only_if_configured(client):
    assert "Sign in with" not in client.get(reverse("account_login")).content.decode()
    assert client.post(START).status_code == 404


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=y", "?error=denied"])
def test_an_invented_callback_is_refused(server, client, query):
    page = client.get(f"{CALLBACK}{query}", follow=True)

    assert page.status_code in {200, 401}
    assert "Sign-in failed" in page.content.decode() or "Sign-in cancelled" in (
        page.content.decode()
    )
    assert "_auth_user_id" not in client.session


def test_an_unreachable_server_gives_an_error_page(server, client):
    server.stop()

    page = client.post(START, follow=True)

    assert page.status_code < 500 or page.status_code == 503


def test_starting_by_get_asks_for_confirmation(server, client):
    page = client.get(START)

    assert page.status_code == 200
    assert "Continue" in page.content.decode()


# --- The time and the user of the sign-in -------------------------------------------


def sign_in_again(server, client, start, session):
    """Start here, enter the password there, and follow the redirect back."""
    asked = server.follow(client.post(start)["Location"], session)
    assert urlsplit(asked).path == "/sign-in", "The password was not asked for."
    answer = server.post(
        "/sign-in/email",
        {
            "email": session.email,
            "password": session.password,
            "oauth_query": urlsplit(asked).query,
        },
        session,
    )
    back = urlsplit(answer.json()["url"])
    return client.get(f"{back.path}?{back.query}", follow=True)


def test_counts_from_the_sign_in_there(server, client):
    external_user = server.sign_up()
    server.age(external_user, 3600)

    come_back(server, client, external_user)

    asked = client.get(DELETE)
    assert asked.url.startswith(reverse("accounts:sign-in-again"))
    assert client.delete(ME).status_code == 403


def test_a_recent_sign_in_at_the_issuer_is_recent_here(server, client):
    come_back(server, client, server.sign_up())

    assert client.get(DELETE).status_code == 200


def test_a_user_without_a_password_signs_in_there_again_to_delete(server, client):
    external_user = server.sign_up()
    server.age(external_user, 3600)
    come_back(server, client, external_user)
    told = client.get(DELETE, follow=True)
    [start] = re.findall(f'action="({START}[^"]*)"', told.text)

    back = sign_in_again(server, client, unescape(start), external_user)
    client.post(DELETE)

    assert back.redirect_chain[-1][0] == DELETE
    assert not User.objects.get().is_active


def test_a_sign_in_of_another_account_does_not_replace_the_user(server, client):
    come_back(server, client, server.sign_up())
    before = client.session["_auth_user_id"]

    page = come_back(server, client, server.sign_up())

    assert "belongs to another account" in page.text
    assert client.session["_auth_user_id"] == before


def test_a_session_there_from_before_signing_out_everywhere_is_asked_again(
    server, client
):
    external_user = server.sign_up()
    server.age(external_user, 3600)
    come_back(server, client, external_user)
    client.post(reverse("accounts:sign-out-everywhere"))

    page = come_back(server, client, external_user)

    assert "Sign in there again" in page.text
    assert "_auth_user_id" not in client.session
    # Its times count whole seconds, and a sign-in in the same one is not later.
    minute_ago = timezone.now() - timedelta(minutes=1)
    User.objects.update(credentials_ended_at=minute_ago)
    sign_in_again(server, client, page.redirect_chain[-1][0], external_user)
    assert "_auth_user_id" in client.session


def test_a_user_who_is_leaving_signs_in_there_again_and_may_keep_the_account(
    server, client
):
    external_user = server.sign_up()
    come_back(server, client, external_user)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    credentials.request_deletion(user=User.objects.get(), at=an_hour_ago)
    server.age(external_user, 1800)

    page = come_back(server, client, external_user)

    assert "Sign in there again" in page.text  # who leaves can download everything
    again = page.redirect_chain[-1][0]
    page = sign_in_again(server, client, again, external_user)
    assert page.redirect_chain[-1][0] == reverse("accounts:leaving")
    assert not is_signed_in(client)
    client.post(reverse("accounts:leaving"))
    assert User.objects.get().is_active


def test_ends_with_the_connection(server, client):
    come_back(server, client, server.sign_up())
    assert client.get("/").status_code == 200

    LinkedIdentity.objects.all().delete()

    assert client.get("/").status_code == 302
    assert client.get(ME).status_code == 401
    assert "_auth_user_id" not in client.session


def test_stays_when_another_identity_is_unlinked(server, client):
    come_back(server, client, server.sign_up())
    LinkedIdentity.objects.create(
        user=User.objects.get(),
        issuer="https://other.example",
        subject="other",
        created_at=timezone.now(),
        last_used_at=timezone.now(),
    )

    LinkedIdentity.objects.filter(subject="other").delete()

    assert client.get("/").status_code == 200


def test_passes_no_other_parameters_of_a_link_to_the_server(server, client):
    start = client.post(f"{START}?auth_params=nonce%3Dmine&scope=everything&process=x")

    assert "nonce=mine" not in start["Location"]
    assert "everything" not in start["Location"]


# --- Requests that any visitor can cause --------------------------------------------


DISCOVERY = "/.well-known/openid-configuration"


def test_the_discovery_document_is_cached_for_some_minutes(server, client, monkeypatch):
    for _ in range(3):
        assert client.post(START).status_code == 303

    assert server.calls(DISCOVERY) == 1
    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr(timezone, "now", lambda: later)
    client.post(START)
    assert server.calls(DISCOVERY) == 2


def test_a_useless_response_is_not_cached(server, client):
    server.mode("unavailable", path=DISCOVERY)
    assert client.post(START).status_code == 503

    server.mode("normal", path=DISCOVERY)

    assert client.post(START).status_code == 303


def test_one_request_at_a_time_asks_the_server_and_others_get_503(
    server, client, monkeypatch
):
    monkeypatch.setattr(sessions, "MAX_WAIT", 0.01)

    with social_adapter._limit.acquire():
        meanwhile = client.post(START)
    afterwards = client.post(START)

    assert meanwhile.status_code == 503
    assert int(meanwhile["Retry-After"]) > 0
    assert server.calls(DISCOVERY) == 1
    assert afterwards.status_code == 303


def test_the_callback_is_limited_as_well(server, client, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_WAIT", 0.01)
    back = server.follow(client.post(START)["Location"], server.sign_up())

    with social_adapter._limit.acquire():
        page = follow_back(client, back)

    assert page.status_code == 503
    assert int(page["Retry-After"]) > 0
    assert not is_signed_in(client)


def test_a_session_that_only_a_begun_sign_in_created_lasts_ten_minutes(server, client):
    client.cookies["ownlist_session"] = "x" * 32

    client.post(START)
    client.post(START)

    assert client.session.get_expiry_age() == 10 * 60


def test_once_signed_in_the_session_has_the_usual_lifetime(server, client, settings):
    come_back(server, client, server.sign_up())

    assert is_signed_in(client)
    assert client.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
