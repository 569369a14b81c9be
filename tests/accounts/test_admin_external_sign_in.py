"""The access matrix of sign-ins of other servers: each way in, for each user.

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
    """What a way in answers: to users and to staff, on pages, API and admin."""

    way: str
    pages: int
    api: int
    admin: int
    staff_pages: int
    staff_api: int
    staff_admin: int


# 302 leads to the sign-in page, 401 is its like at the API.
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
def person(server):
    """A user of that server who has an account here."""
    person = server.sign_up()
    token = verify(server.token(person), now=timezone.now().timestamp())
    find_or_provision(token, at=timezone.now())
    return person


def enter(way, server, person, settings):
    """Return a client that has come in, or tried to, by this way."""
    client = browser(settings)
    if way == "openid":
        come_back(server, client, person)
    elif way == "cookie":
        for name, value in person.cookies.items():
            client.cookies[name] = value
    else:
        token = person.token if way == "session_token" else server.token(person)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def make_staff():
    User.objects.update(is_staff=True, is_superuser=True)


def statuses(client, *paths):
    return tuple(client.get(path).status_code for path in paths)


@by_way
def test_users(row, server, person, settings):
    client = enter(row.way, server, person, settings)

    found = statuses(client, "/", "/api/v1/tasks", "/admin/", "/admin/accounts/user/")

    assert found == (row.pages, row.api, row.admin, row.admin)


@by_way
def test_staff(row, server, person, settings):
    make_staff()
    client = enter(row.way, server, person, settings)

    found = statuses(client, "/admin/", "/admin/accounts/user/", "/", "/api/v1/tasks")

    assert found == (row.staff_admin, row.staff_admin, row.staff_pages, row.staff_api)


@by_way
@pytest.mark.parametrize("first", ["/admin/", "/", "/api/v1/tasks"])
def test_a_user_who_becomes_staff_after_the_sign_in(
    row, first, server, person, settings
):
    client = enter(row.way, server, person, settings)
    assert statuses(client, "/") == (row.pages,)
    make_staff()

    found = statuses(client, first, "/admin/", "/admin/accounts/user/", "/")

    assert found[1:] == (row.staff_admin, row.staff_admin, row.staff_pages)


def test_entering_the_password_later_does_not_open_the_admin(server, person, settings):
    client = enter("openid", server, person, settings)
    User.objects.update(email="a@example.com", password=make_password(PASSWORD))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    proofs = client.session["account_authentication_methods"]
    assert [proof["method"] for proof in proofs] == ["socialaccount", "password"]
    make_staff()

    assert statuses(client, "/admin/", "/admin/accounts/user/") == (302, 302)


@pytest.mark.parametrize("way", ["openid", "cookie"])
def test_staff_are_told_to_sign_in_here(way, server, person, settings):
    make_staff()
    client = browser(settings)

    if way == "openid":
        page = come_back(server, client, person)
    else:
        client = enter("cookie", server, person, settings)
        page = client.get("/", follow=True)

    assert "Staff must sign in here" in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_session_from_before_the_identity_was_recorded_ends(server, person, settings):
    client = enter("openid", server, person, settings)
    session = client.session
    del session["account_authentication_methods"][-1]["identity"]
    session.save()

    assert statuses(client, "/") == (302,)


def test_an_exchanged_token_of_staff_does_not_open_the_admin(
    server, person, settings, api_with
):
    make_staff()
    pair = api_with(server.token(person)).post("/api/v1/auth/token/exchange").json()
    client = browser(settings)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {pair['access']}"

    assert statuses(client, "/admin/", "/", "/api/v1/tasks") == (302, 302, 200)
    assert LinkedIdentity.objects.count() == 1
