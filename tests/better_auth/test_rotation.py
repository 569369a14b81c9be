"""Our API while a real server rotates keys, restarts or is unreachable."""

import pytest

from accounts.better_auth import keys, verifier
from accounts.better_auth.keys import FRESH_FOR, MIN_INTERVAL

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(better_auth, trust):
    trust(better_auth)
    return better_auth


@pytest.fixture
def later(monkeypatch):
    """Let this many seconds pass for the key sets: `later(MIN_INTERVAL)`."""

    def passed(seconds):
        for store in keys._stores.values():
            store._asked_at -= seconds
            store._looked_at -= seconds
            store.current = keys.KeySet(
                store.current.keys, store.current.fetched_at - seconds
            )
        keys.cache.clear()
        verifier.forget_tokens()

    return passed


def status(api_with, token):
    return api_with(token).get("/api/v1/users/me").status_code


def test_a_key_minted_with_the_next_token_is_accepted_at_once(server, api_with, later):
    external_user = server.sign_up()
    first = server.token(external_user)
    assert status(api_with, first) == 200
    server.rotate()
    second = server.token(external_user)
    later(MIN_INTERVAL)

    assert status(api_with, second) == 200
    assert status(api_with, first) == 200


def test_several_live_keys_of_several_algorithms(server, api_with, later):
    external_user = server.sign_up()
    assert status(api_with, server.token(external_user)) == 200
    for algorithm in ("ES256", "RS256"):
        server.mint_key(algorithm)
        later(MIN_INTERVAL)

        assert status(api_with, server.token(external_user)) == 200


def test_a_withdrawn_key_ends_within_its_time(server, api_with, later):
    external_user = server.sign_up()
    token = server.token(external_user)
    assert status(api_with, token) == 200
    server.withdraw_keys()

    later(FRESH_FOR)

    assert status(api_with, token) == 401


def test_a_restart_with_another_secret_ends_no_valid_token(server, api_with, later):
    external_user = server.sign_up()
    token = server.token(external_user)
    assert status(api_with, token) == 200
    server.restart(secret="another secret of at least 32 characters")

    later(FRESH_FOR)

    assert status(api_with, token) == 200


@pytest.mark.parametrize(
    "mode", ["unavailable", "drop", "html", "cut", "wrong-type", "empty", "redirect"]
)
def test_an_outage_signs_nobody_out_and_causes_only_503(server, api_with, later, mode):
    external_user = server.sign_up()
    known = server.token(external_user)
    assert status(api_with, known) == 200
    server.rotate()
    unknown = server.token(external_user)
    server.mode(mode)
    later(FRESH_FOR)

    assert status(api_with, known) == 200
    answer = api_with(unknown).get("/api/v1/users/me")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["code"] == "unavailable"

    server.mode("normal")
    later(MIN_INTERVAL)
    assert status(api_with, unknown) == 200


def test_an_idle_server_that_lists_no_key_ends_nothing(server, api_with, later):
    external_user = server.sign_up()
    token = server.token(external_user)
    assert status(api_with, token) == 200
    server.outlive_keys()

    later(FRESH_FOR)

    assert status(api_with, token) == 200


def test_the_other_tokens_of_the_same_keys_are_refused(
    start_better_auth, trust, api_with
):
    server = start_better_auth(
        cookie_cache={"enabled": True, "strategy": "jwt"}, signed_cookie_cache=True
    )
    trust(server)
    external_user = server.sign_up()
    cache = external_user.cookies.get("better-auth.session_data")
    others = [
        server.sign({"sub": external_user.user_id}, {"typ": kind})
        for kind in ("at+jwt", "logout+jwt", "better-auth.session-cache+jwt")
    ]

    assert cache is not None
    assert status(api_with, cache) == 401
    assert [status(api_with, token) for token in others] == [401, 401, 401]
