"""One external user has one account; each threat of account linking by name."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.better_auth.identities import (
    IdentityTaken,
    LastSignInMethod,
    find_or_provision,
    link,
    unlink,
)
from accounts.better_auth.verifier import verify
from accounts.credentials import deactivate, sign_out_everywhere
from accounts.models import LinkedIdentity, SecurityEvent, User
from tests import forging
from tests.factories import TaskFactory, UserFactory

pytestmark = pytest.mark.django_db


def verified(server, session):
    return verify(server.token(session), now=timezone.now().timestamp())


@pytest.fixture
def server(better_auth, trust):
    trust(better_auth)
    return better_auth


# --- Threats ------------------------------------------------------------------------


def test_threat_1_an_unverified_sign_up_with_anothers_address(server, api_with):
    victim = UserFactory(email="victim@example.com")
    TaskFactory(owner=victim, title="Secret")
    attacker = server.sign_up("victim@example.com")

    client = api_with(server.token(attacker))

    assert client.get("/api/v1/tasks").json()["results"] == []
    assert client.get("/api/v1/users/me").json()["id"] != str(victim.pk)
    assert client.get("/api/v1/users/me").json()["email"] is None


def test_threat_2_verified_by_the_victims_own_click(start_better_auth, trust, api_with):
    server = start_better_auth()
    trust(server)
    victim = UserFactory(email="victim@example.com")
    attacker = server.sign_up("victim@example.com")
    server.send_verification("victim@example.com")
    server.verify_email("victim@example.com")

    token = server.token(attacker)
    me = api_with(token).get("/api/v1/users/me").json()

    assert forging.decode(token)[1]["emailVerified"] is True
    assert me["id"] != str(victim.pk)
    assert me["email"] is None


def test_threat_2_nor_does_it_claim_a_free_address_before_its_owner(
    start_better_auth, trust, api_with, api
):
    server = start_better_auth()
    trust(server)
    attacker = server.sign_up("victim@example.com")
    server.send_verification("victim@example.com")
    server.verify_email("victim@example.com")
    api_with(server.token(attacker)).get("/api/v1/users/me")

    signed_up = api.post(
        reverse("api:register"),
        {"email": "victim@example.com", "password": "a passphrase of the victim"},
    )

    assert signed_up.status_code == 201
    assert User.objects.get(email="victim@example.com").identities.count() == 0


def test_threat_3_an_address_that_moves_on(server, api_with):
    external_user = server.sign_up("old@example.com")
    before = api_with(server.token(external_user)).get("/api/v1/users/me").json()
    server.update_user(external_user, email="new@example.com")
    newcomer = server.sign_up("old@example.com")

    after = api_with(server.token(external_user)).get("/api/v1/users/me").json()
    other = api_with(server.token(newcomer)).get("/api/v1/users/me").json()

    assert after["id"] == before["id"]
    assert other["id"] != before["id"]


def test_threat_3_a_deleted_and_recycled_account(server, api_with):
    first = server.sign_up("alice@example.com")
    before = api_with(server.token(first)).get("/api/v1/users/me").json()
    server.delete_user(first)
    second = server.sign_up("alice@example.com")

    after = api_with(server.token(second)).get("/api/v1/users/me").json()

    assert after["id"] != before["id"]


def test_threat_4_an_issuer_that_asserts_what_it_likes(server, api_with):
    token = server.sign(
        {
            "sub": "boss",
            "role": "admin",
            "is_staff": True,
            "is_superuser": True,
            "groups": ["support"],
            "email": "root@example.com",
            "emailVerified": True,
            "name": "<script>\x00" + "x" * 500,
            "iat": int(timezone.now().timestamp()),
            "exp": int(timezone.now().timestamp()) + 900,
        }
    )

    answer = api_with(token).get("/api/v1/users/me")

    user = User.objects.get()
    assert answer.status_code == 200
    assert not user.is_staff
    assert not user.is_superuser
    assert not user.groups.exists()
    assert user.email is None
    assert user.display_name == ""


def test_threat_5_a_squatted_local_account_gets_no_identity(server, api_with):
    squatter = UserFactory(email="owner@example.com")

    api_with(server.token(server.sign_up("owner@example.com"))).get("/api/v1/tasks")

    assert squatter.identities.count() == 0


@pytest.mark.parametrize("subject", ["Alice", "alice"])
def test_a_subject_is_compared_exactly(server, api_with, subject):
    now = int(timezone.now().timestamp())
    tokens = [
        server.sign({"sub": name, "iat": now, "exp": now + 900})
        for name in ("Alice", "alice")
    ]

    ids = {api_with(token).get("/api/v1/users/me").json()["id"] for token in tokens}

    assert len(ids) == 2


def test_equal_subjects_of_two_issuers_are_two_users(
    start_better_auth, trust, api_with
):
    one, two = start_better_auth(), start_better_auth()
    trust(one, two)
    now = int(timezone.now().timestamp())
    claims = {"sub": "1", "iat": now, "exp": now + 900}

    ids = {
        api_with(server.sign(claims)).get("/api/v1/users/me").json()["id"]
        for server in (one, two)
    }

    assert len(ids) == 2


# --- Provisioning -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_first_requests_create_one_account(server, api_with):
    token = server.token(server.sign_up())

    def call(_):
        try:
            return api_with(token).post("/api/v1/tasks", {"title": "One"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(call, range(20)))

    assert set(statuses) <= {201, 503}
    assert 201 in statuses
    assert User.objects.count() == 1
    assert LinkedIdentity.objects.count() == 1


def test_records_the_use_once_an_hour(server, django_assert_num_queries):
    token = verified(server, server.sign_up())
    at = timezone.now()
    find_or_provision(token, at=at)

    with django_assert_num_queries(1):
        find_or_provision(token, at=at + timedelta(minutes=59))
    find_or_provision(token, at=at + timedelta(minutes=61))

    assert LinkedIdentity.objects.get().last_used_at == at + timedelta(minutes=61)


# --- The end of credentials ---------------------------------------------------------


def test_a_deactivated_user_is_refused(server, api_with):
    external_user = server.sign_up()
    api_with(server.token(external_user)).get("/api/v1/tasks")
    deactivate(user=User.objects.get(), at=timezone.now())

    answer = api_with(server.token(external_user)).get("/api/v1/tasks")

    assert answer.status_code == 401


def test_signing_out_everywhere_ends_earlier_tokens(server, api_with):
    external_user = server.sign_up()
    token = server.token(external_user)
    api_with(token).get("/api/v1/tasks")
    user = User.objects.get()
    sign_out_everywhere(user=user, at=timezone.now() + timedelta(seconds=1))

    assert api_with(token).get("/api/v1/tasks").status_code == 401
    User.objects.update(credentials_ended_at=timezone.now() - timedelta(hours=1))
    assert api_with(token).get("/api/v1/tasks").status_code == 200


# --- Linking ------------------------------------------------------------------------


def test_links_to_the_account_of_the_signed_in_user(server, api_with, alice):
    external_user = server.sign_up()

    link(user=alice, token=verified(server, external_user), at=timezone.now())

    me = api_with(server.token(external_user)).get("/api/v1/users/me").json()
    assert me["id"] == str(alice.pk)
    kinds = SecurityEvent.objects.filter(user=alice).values_list("kind", flat=True)
    assert "identity_linked" in kinds


def test_linking_again_changes_nothing(server, alice):
    token = verified(server, server.sign_up())

    link(user=alice, token=token, at=timezone.now())
    link(user=alice, token=token, at=timezone.now())

    assert alice.identities.count() == 1


def test_refuses_an_identity_of_another_account(server, alice, bob):
    token = verified(server, server.sign_up())
    link(user=alice, token=token, at=timezone.now())

    with pytest.raises(IdentityTaken):
        link(user=bob, token=token, at=timezone.now())


def test_unlinks_but_never_the_last_sign_in_method(server, alice):
    identity = link(
        user=alice, token=verified(server, server.sign_up()), at=timezone.now()
    )
    came_by_token = find_or_provision(
        verified(server, server.sign_up()), at=timezone.now()
    )

    unlink(user=alice, identity=identity, at=timezone.now())
    with pytest.raises(LastSignInMethod):
        unlink(user=came_by_token.user, identity=came_by_token, at=timezone.now())

    assert alice.identities.count() == 0
    assert LinkedIdentity.objects.get() == came_by_token


def test_no_token_reaches_the_log(server, api_with, caplog):
    token = server.token(server.sign_up("alice@example.com"))
    api_with(token).get("/api/v1/tasks")
    api_with(token[:-4]).get("/api/v1/tasks")

    logged = json.dumps([vars(record) for record in caplog.records], default=str)

    assert "better auth: signature" in logged or "better auth: malformed" in logged
    assert token[:40] not in logged
    assert "alice@example.com" not in logged


# --- The limit on new users of an issuer --------------------------------------------


@pytest.fixture
def few(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"first-sight": (2, 10**10)}


def test_an_issuer_with_too_many_new_users_is_limited(server, few, api_with):
    first = server.sign_up()
    tokens = [server.token(first)] + [server.token(server.sign_up()) for _ in range(3)]

    answers = [api_with(token).get("/api/v1/users/me") for token in tokens]

    assert [answer.status_code for answer in answers] == [200, 200, 503, 503]
    assert int(answers[-1]["Retry-After"]) > 0
    assert User.objects.count() == 2


def test_existing_users_of_the_issuer_are_not_limited(server, few, api_with):
    token = server.token(server.sign_up())
    for one in [token, *(server.token(server.sign_up()) for _ in range(3))]:
        api_with(one).get("/api/v1/users/me")

    assert api_with(token).get("/api/v1/users/me").status_code == 200


def test_other_issuers_are_not_affected(start_better_auth, trust, few, api_with):
    loud, quiet = start_better_auth(), start_better_auth()
    trust(loud, quiet)
    for _ in range(3):
        api_with(loud.token(loud.sign_up())).get("/api/v1/users/me")

    token = quiet.token(quiet.sign_up())

    assert api_with(token).get("/api/v1/users/me").status_code == 200


def test_a_page_by_the_cookie_says_the_same(better_auth, trust, few, client):
    trust(better_auth, sessions=True)
    for _ in range(3):
        client.cookies.clear()
        for name, value in better_auth.sign_up().cookies.items():
            client.cookies[name] = value
        page = client.get("/")

    assert page.status_code == 503
    assert page["Retry-After"]
