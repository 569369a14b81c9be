"""Better Auth tokens of a real server in our API."""

import pytest

from accounts.models import LinkedIdentity, User
from tests.forging import ALGORITHMS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_opens_the_api(start_better_auth, trust, api_with, algorithm):
    server = start_better_auth(algorithm=algorithm)
    trust(server)
    external_user = server.sign_up()

    client = api_with(server.token(external_user))
    created = client.post(f"/api/{external_user.user_id}/tasks", {"title": "Buy milk"})
    listed = client.get("/api/v1/tasks")

    assert created.status_code == 201
    assert created.json()["user_id"] == external_user.user_id
    assert [task["title"] for task in listed.json()["results"]] == ["Buy milk"]


def test_the_first_use_creates_an_account_and_the_next_finds_it(
    better_auth, trust, api_with
):
    trust(better_auth)
    external_user = better_auth.sign_up(name="Alice")

    for _ in range(3):
        api_with(better_auth.token(external_user)).get("/api/v1/users/me")

    identity = LinkedIdentity.objects.get()
    assert (identity.issuer, identity.subject) == (
        better_auth.url,
        external_user.user_id,
    )
    assert User.objects.get().display_name == "Alice"
    assert not User.objects.get().has_usable_password()


def test_our_id_is_shown_and_not_the_issuers(better_auth, trust, api_with):
    trust(better_auth)
    external_user = better_auth.sign_up()

    me = api_with(better_auth.token(external_user)).get("/api/v1/users/me").json()

    assert me["id"] == str(User.objects.get().pk)
    assert me["email"] is None


def test_the_route_of_another_user_is_refused_before_any_lookup(
    better_auth, trust, api_with
):
    trust(better_auth)
    external_user, other = better_auth.sign_up(), better_auth.sign_up()

    answer = api_with(better_auth.token(external_user)).get(
        f"/api/{other.user_id}/tasks"
    )

    assert answer.status_code == 403


def test_two_users_of_one_issuer_see_their_own_tasks(better_auth, trust, api_with):
    trust(better_auth)
    alice, bob = better_auth.sign_up(), better_auth.sign_up()
    api_with(better_auth.token(alice)).post("/api/v1/tasks", {"title": "Alice's"})

    seen = api_with(better_auth.token(bob)).get("/api/v1/tasks").json()

    assert seen["results"] == []


def test_without_an_issuer_the_token_is_refused(better_auth, api_with):
    answer = api_with(better_auth.token(better_auth.sign_up())).get("/api/v1/tasks")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "token_not_valid"
    assert not User.objects.exists()


def test_a_banned_user_is_refused(better_auth, trust, api_with):
    trust(better_auth)
    external_user = better_auth.sign_up()
    better_auth.ban_in_database(external_user)

    answer = api_with(better_auth.token(external_user)).get("/api/v1/tasks")

    assert answer.status_code == 401


def test_a_repeated_request_costs_one_query(
    better_auth, trust, api_with, django_assert_num_queries
):
    trust(better_auth)
    client = api_with(better_auth.token(better_auth.sign_up()))
    client.post("/api/v1/tasks", {"title": "Buy milk"})

    with django_assert_num_queries(1):
        client.get("/api/v1/tasks")
