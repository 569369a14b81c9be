"""The access matrix of external sign-ins: each kind of sign-in, for each user.

The admin opens to a sign-in here alone, whoever comes in by another server, and
whenever they became staff. The API has nothing of the admin, so there a token of
staff opens their own tasks, as anybody's does.
"""

from typing import NamedTuple

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.better_auth.identities import find_or_provision
from accounts.better_auth.verifier import verify
from accounts.models import LinkedIdentity, User
from tests.factories import PASSWORD
from tests.openid import be_client_of, browser, come_back

pytestmark = pytest.mark.django_db


class Row(NamedTuple):
    """The statuses of one kind of sign-in, for users and staff."""

    way: str
    pages: int
    api: int
    admin: int
    staff_pages: int
    staff_api: int
    staff_admin: int


# 302 redirects to the sign-in page; 401 is its equivalent in the API.
ROWS = [
    Row("openid", 200, 200, 302, 302, 401, 302),
    Row("cookie", 200, 200, 302, 302, 401, 302),
    Row("session_token", 302, 200, 302, 302, 200, 302),
    Row("jwt", 302, 200, 302, 302, 200, 302),
]
by_way = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.way)


@pytest.fixture
def server(start_better_auth, settings):
    server = start_better_auth(oauth={})
    be_client_of(server, settings)
    return server


@pytest.fixture
def external_user(server):
    """A user of that server who has an account here."""
    external_user = server.sign_up()
    token = verify(server.token(external_user), now=timezone.now().timestamp())
    find_or_provision(token, at=timezone.now())
    return external_user


def enter(way, server, external_user, settings):
    """Return a client that has signed in, or tried to, in this way."""
    client = browser(settings)
    if way == "openid":
        come_back(server, client, external_user)
    elif way == "cookie":
        for name, value in external_user.cookies.items():
            client.cookies[name] = value
    else:
        token = (
            external_user.token
            if way == "session_token"
            else server.token(external_user)
        )
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def make_staff():
    User.objects.update(is_staff=True, is_superuser=True)


def statuses(client, *paths):
    return tuple(client.get(path).status_code for path in paths)


@by_way
def test_users(row, server, external_user, settings):
    client = enter(row.way, server, external_user, settings)

    found = statuses(client, "/", "/api/v1/tasks", "/admin/", "/admin/accounts/user/")

    assert found == (row.pages, row.api, row.admin, row.admin)


@by_way
def test_staff(row, server, external_user, settings):
    make_staff()
    client = enter(row.way, server, external_user, settings)

    found = statuses(client, "/admin/", "/admin/accounts/user/", "/", "/api/v1/tasks")

    assert found == (row.staff_admin, row.staff_admin, row.staff_pages, row.staff_api)


@by_way
@pytest.mark.parametrize("first", ["/admin/", "/", "/api/v1/tasks"])
def test_a_user_who_becomes_staff_after_the_sign_in(
    row, first, server, external_user, settings
):
    client = enter(row.way, server, external_user, settings)
    assert statuses(client, "/") == (row.pages,)
    make_staff()

    found = statuses(client, first, "/admin/", "/admin/accounts/user/", "/")

    assert found[1:] == (row.staff_admin, row.staff_admin, row.staff_pages)


def test_entering_the_password_later_does_not_open_the_admin(
    server, external_user, settings
):
    client = enter("openid", server, external_user, settings)
    User.objects.update(email="a@example.com", password=make_password(PASSWORD))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    proofs = client.session["account_authentication_methods"]
    assert [proof["method"] for proof in proofs] == ["socialaccount", "password"]
    make_staff()

    assert statuses(client, "/admin/", "/admin/accounts/user/") == (302, 302)


@pytest.mark.parametrize("way", ["openid", "cookie"])
def test_staff_are_told_to_sign_in_here(way, server, external_user, settings):
    make_staff()
    client = browser(settings)

    if way == "openid":
        page = come_back(server, client, external_user)
    else:
        client = enter("cookie", server, external_user, settings)
        page = client.get("/", follow=True)

    assert "Staff must sign in here" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_session_from_before_the_identity_was_recorded_ends(
    server, external_user, settings
):
    client = enter("openid", server, external_user, settings)
    session = client.session
    del session["account_authentication_methods"][-1]["identity"]
    session.save()

    assert statuses(client, "/") == (302,)


def test_an_exchanged_token_of_staff_does_not_open_the_admin(
    server, external_user, settings, api_with
):
    make_staff()
    pair = (
        api_with(server.token(external_user)).post("/api/v1/auth/token/exchange").json()
    )
    client = browser(settings)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"

    assert statuses(client, "/admin/", "/", "/api/v1/tasks") == (302, 302, 200)
    assert LinkedIdentity.objects.count() == 1
