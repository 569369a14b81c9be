"""What requires a recent sign-in, for users of a real Better Auth server."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import LinkedIdentity, User
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import browser_of

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
EXCHANGE = "/api/v1/auth/token/exchange"
HOUR = 3600


def browser_with(external_user):
    client = Client()
    for name, value in external_user.cookies.items():
        client.cookies[name] = value
    return client


@pytest.fixture
def server(start_better_auth, trust):
    """A server whose tokens say when the user signed in."""
    server = start_better_auth(payload="auth-time")
    trust(server, sessions=True)
    return server


@pytest.fixture
def external_user(server):
    return server.sign_up()


def credential(kind, server, external_user, api_with):
    """Return a client with one kind of the external user's credentials."""
    if kind == "exchanged":
        pair = api_with(server.token(external_user)).post(EXCHANGE).json()
        return api_with(pair["access"])
    return api_with(
        server.token(external_user) if kind == "jwt" else external_user.token
    )


KINDS = ["jwt", "session token", "exchanged"]


# --- By API -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_sign_in_there_deletes_the_account(
    server, external_user, api_with, kind
):
    client = credential(kind, server, external_user, api_with)

    assert client.delete(ME).status_code == 204
    assert not User.objects.get().is_active


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_sign_in_there_does_not_delete_the_account(
    server, external_user, api_with, kind
):
    server.age(external_user, 16 * 60)
    client = credential(kind, server, external_user, api_with)

    answer = client.delete(ME)

    assert answer.status_code == 403
    assert answer.json()["code"] == "recent_sign_in_required"
    assert client.get(ME).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_with_an_old_sign_in_can_sign_in_there_again(
    server, external_user, api_with, kind
):
    server.age(external_user, HOUR)
    assert (
        credential(kind, server, external_user, api_with).delete(ME).status_code == 403
    )

    again = server.sign_in(external_user.email)

    client = credential(kind, server, again, api_with)
    assert client.delete(ME).status_code == 204


@pytest.mark.parametrize("kind", ["jwt", "exchanged"])
def test_a_token_without_a_time_counts_as_old(start_better_auth, trust, api_with, kind):
    server = start_better_auth()
    trust(server)

    answer = credential(kind, server, server.sign_up(), api_with).delete(ME)

    assert answer.status_code == 403
    assert "auth_time" in answer.json()["detail"]


@pytest.mark.parametrize(
    "auth_time", ["now", "", 0, -1, 1.5, True, None, [], 2**62, 10**30, "2026-11-29"]
)
def test_an_invalid_time_of_sign_in_is_ignored(
    server, external_user, api_with, auth_time
):
    claims = {"sub": external_user.user_id, "iat": int(timezone.now().timestamp())}
    client = api_with(server.sign(claims | {"auth_time": auth_time}))

    assert client.get(ME).status_code == 200
    assert client.delete(ME).status_code == 403


def test_a_user_with_a_password_has_the_same_rules(server, external_user, api_with):
    """It answered 500: a token has no session to look into."""
    client = credential("jwt", server, external_user, api_with)
    client.get(ME)
    user = User.objects.get()
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    server.age(external_user, HOUR)

    assert (
        credential("jwt", server, external_user, api_with).delete(ME).status_code == 403
    )


def test_impersonation_by_their_staff_is_not_a_proof(server, external_user, api_with):
    administrator = server.sign_up()
    server.update_user(administrator, role="admin")
    path, body = "/admin/impersonate-user", {"userId": external_user.user_id}
    answer = server.post(path, body, administrator)

    client = api_with(answer.json()["session"]["token"])

    assert client.get(ME).status_code == 200
    assert client.delete(ME).status_code == 403


def test_an_exchange_and_its_refreshes_make_no_sign_in_newer(
    server, external_user, api, api_with
):
    server.age(external_user, HOUR)
    pair = api_with(server.token(external_user)).post(EXCHANGE).json()

    pair = api.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]}).json()

    assert api_with(pair["access"]).delete(ME).status_code == 403


# --- On the pages, by their cookie --------------------------------------------------


PAGES = ["account_email", "account_set_password", "accounts:connect", "accounts:delete"]


@pytest.mark.parametrize("name", PAGES)
def test_an_old_cookie_is_told_to_sign_in_there_again(server, external_user, name):
    server.age(external_user, HOUR)
    browser = browser_with(external_user)
    browser.get("/")
    url = reverse(name)

    for method in (browser.get, browser.post):
        told = method(url, follow=True)

        assert told.redirect_chain[-1][0].startswith("/accounts/sign-in-again/?next=")
        assert f"Sign out of {server.url}" in told.text
        assert f'href="{url}"' in told.text


def test_an_old_cookie_changes_nothing(server, external_user, mailoutbox):
    server.age(external_user, HOUR)
    browser = browser_with(external_user)
    browser.get("/")
    identity = LinkedIdentity.objects.get()

    browser.post(
        reverse("account_email"), {"action_add": "", "email": "thief@example.com"}
    )
    browser.post(reverse("account_set_password"), {"password1": PASSWORD})
    browser.post(reverse("accounts:disconnect", args=[identity.pk]))
    browser.post(reverse("accounts:delete"))

    user = User.objects.get()
    assert user.is_active
    assert not user.has_usable_password()
    assert LinkedIdentity.objects.filter(pk=identity.pk).exists()
    assert not EmailAddress.objects.exists()
    assert mailoutbox == []


@pytest.mark.parametrize("name", PAGES)
def test_a_fresh_cookie_opens_them(external_user, name):
    browser = browser_with(external_user)

    assert browser.get(reverse(name)).status_code == 200


def test_a_user_without_a_password_can_delete_their_account(server, external_user):
    server.age(external_user, HOUR)
    browser = browser_with(external_user)
    told = browser.get(reverse("accounts:delete"), follow=True)
    back = told.context["back"]

    again = browser_with(server.sign_in(external_user.email))
    page = again.get(back)
    again.post(back)

    assert page.status_code == 200
    assert "Delete my account" in page.text
    assert not User.objects.get().is_active


def test_an_old_cookie_does_not_delete_by_the_api(server, external_user):
    server.age(external_user, HOUR)
    browser = browser_with(external_user)

    answer = browser.delete(ME)

    assert answer.status_code == 403
    assert answer.json()["code"] == "recent_sign_in_required"


def test_a_password_given_here_counts_beside_an_old_cookie(server, external_user):
    browser = browser_with(external_user)
    browser.get("/")
    LinkedIdentity.objects.update(user=UserFactory(email="alice@example.com"))
    server.age(external_user, HOUR)
    url = reverse("accounts:delete")

    asked = browser.get(url)
    browser.post(asked.url, {"password": PASSWORD})

    assert asked.url.startswith(reverse("account_reauthenticate"))
    assert browser.get(url).status_code == 200


@pytest.mark.parametrize("proof", [{}, {"auth_time": None}])
def test_an_external_sign_in_of_unknown_age_is_not_recent(alice, proof):
    now = timezone.now()
    identity = LinkedIdentity.objects.create(
        user=alice, issuer="i", subject="s", created_at=now, last_used_at=now
    )
    record = {"method": "socialaccount", "at": now.timestamp(), **proof}
    browser = browser_of(alice, proof=record | {"identity": str(identity.pk)})

    assert browser.get("/").status_code == 200
    assert browser.get(reverse("accounts:delete")).status_code == 302


def test_the_redirect_back_leads_to_no_other_site(server, external_user):
    server.age(external_user, HOUR)
    browser = browser_with(external_user)

    page = browser.get("/accounts/sign-in-again/?next=https://evil.example/")

    assert page.context["back"] == reverse("accounts:security")
