"""The key sets: fetched, filtered, cached, rotated, and surviving outages."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.better_auth import keys
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.issuers import ASYMMETRIC, Issuer, trusted_issuers
from accounts.better_auth.keys import (
    FRESH_FOR,
    MIN_INTERVAL,
    USABLE_FOR,
    key_for,
    parsed,
    usable_entries,
)
from tests import forging
from tests.patience import PATIENCE

NOW = 1_790_000_000.0
BROKEN = [
    "unavailable",
    "drop",
    "hang",
    "html",
    "cut",
    "wrong-type",
    "empty",
    "redirect",
    "huge",
    "drip",
]


@pytest.fixture
def key():
    return forging.new_key("EdDSA", kid="first")


@pytest.fixture
def issuer(key_server, trust, key):
    key_server.publish(forging.jwk(key))
    trust(key_server)
    return trusted_issuers()[key_server.url]


def ask(issuer, kid, at):
    return key_for(issuer, kid, now=NOW + at)


def test_one_fetch_serves_while_the_set_is_fresh(key_server, issuer):
    for at in range(0, int(FRESH_FOR), 10):
        ask(issuer, "first", at)

    assert key_server.fetches == 1


def test_a_key_that_was_just_minted_is_accepted_at_once(key_server, issuer, key):
    ask(issuer, "first", 0)
    key_server.publish(forging.jwk(key), forging.jwk(forging.new_key("EdDSA", kid="2")))

    assert ask(issuer, "2", MIN_INTERVAL)
    assert key_server.fetches == 2


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new process"])
def test_a_new_key_is_found_after_the_clock_was_set_back(
    key_server, issuer, key, is_known
):
    ask(issuer, "first", 7200)
    key_server.publish(forging.jwk(key), forging.jwk(forging.new_key("EdDSA", kid="2")))
    if not is_known:
        keys.forget_keys()

    assert ask(issuer, "2", 0)
    assert ask(issuer, "first", 1)
    assert key_server.fetches == 2


def test_the_newest_of_many_keys_is_accepted(key_server, issuer):
    """Better Auth keeps the keys that it has replaced, and may list them first."""
    keys = [forging.new_key("EdDSA", kid=str(number)) for number in range(500)]
    key_server.publish(*map(forging.jwk, keys))

    assert ask(issuer, "499", 0)
    assert ask(issuer, "0", 0)


def test_a_withdrawn_key_is_refused_when_the_set_is_not_fresh_any_more(
    key_server, issuer
):
    ask(issuer, "first", 0)
    key_server.publish(forging.jwk(forging.new_key("EdDSA", kid="2")))

    assert ask(issuer, "first", FRESH_FOR - 1)
    with pytest.raises(TokenRejected):
        ask(issuer, "first", FRESH_FOR)


def test_ten_thousand_invented_ids_cost_four_fetches_in_thirty_seconds(
    key_server, issuer
):
    for number in range(10_000):
        with pytest.raises(TokenRejected):
            ask(issuer, f"made-up-{number}", 30 * number / 10_000)

    assert key_server.fetches <= 4


@pytest.mark.parametrize("mode", BROKEN)
def test_a_known_key_survives_every_failure(key_server, issuer, mode, monkeypatch):
    monkeypatch.setattr("accounts.better_auth.keys.SHORT_WAIT", 0.05)
    ask(issuer, "first", 0)
    key_server.mode(mode)

    for at in (FRESH_FOR, FRESH_FOR + MIN_INTERVAL, FRESH_FOR + 3600, USABLE_FOR - 1):
        assert ask(issuer, "first", at)


@pytest.mark.parametrize("mode", BROKEN)
def test_an_unknown_key_without_a_response_is_unavailable(
    key_server, issuer, mode, monkeypatch
):
    monkeypatch.setattr("accounts.better_auth.fetching.TIMEOUT", 0.3)
    monkeypatch.setattr("accounts.better_auth.keys.TIMEOUT", 0.3)
    key_server.mode(mode)

    with pytest.raises(KeysUnavailable) as away:
        ask(issuer, "first", 0)

    assert away.value.retry_after > 0


def test_recovers_alone_when_the_issuer_answers_again(key_server, issuer):
    key_server.mode("unavailable")
    with pytest.raises(KeysUnavailable):
        ask(issuer, "first", 0)
    key_server.mode("normal")

    assert ask(issuer, "first", MIN_INTERVAL)


def test_a_key_set_expires_after_a_day(key_server, issuer):
    ask(issuer, "first", 0)
    key_server.mode("unavailable")

    with pytest.raises(KeysUnavailable):
        ask(issuer, "first", USABLE_FOR + 1)


def test_follows_no_redirect(key_server, issuer):
    key_server.mode("redirect")

    with pytest.raises(KeysUnavailable):
        ask(issuer, "first", 0)

    assert key_server.redirects_followed == 0


def test_concurrent_requests_cause_one_fetch(key_server, issuer):
    key_server.mode("hold")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(_outcome, issuer) for _ in range(8)]
        key_server.wait_for_fetches(1)
        key_server.release()
        outcomes = {future.result() for future in asked}

    assert key_server.fetches == 1
    assert outcomes <= {"key", "later"}
    assert "key" in outcomes


def _outcome(issuer):
    try:
        return "key" if ask(issuer, "first", 0) else None
    except KeysUnavailable:
        return "later"


def test_a_slow_issuer_does_not_delay_another(key_server, start_key_server, trust, key):
    quick = start_key_server()
    quick.publish(forging.jwk(key))
    key_server.mode("hold")
    trust(key_server, quick)
    slow_issuer = trusted_issuers()[key_server.url]
    stuck = threading.Thread(target=_outcome, args=[slow_issuer])
    stuck.start()
    key_server.wait_for_fetches(1)

    assert ask(trusted_issuers()[quick.url], "first", 0)
    assert stuck.is_alive()

    key_server.release()
    stuck.join(PATIENCE)
    assert not stuck.is_alive()


@pytest.mark.django_db
def test_processes_share_fetched_keys(key_server, issuer):
    ask(issuer, "first", 0)
    keys.forget_keys()  # as a new process has none
    key_server.mode("unavailable")

    assert ask(issuer, "first", 1)
    assert key_server.fetches == 1


@pytest.mark.django_db
def test_processes_share_the_pause_between_fetches(key_server, issuer):
    ask(issuer, "first", 0)
    for number in range(5):
        keys.forget_keys()
        with pytest.raises((TokenRejected, KeysUnavailable)):
            ask(issuer, f"made-up-{number}", 1)

    assert key_server.fetches == 1


def test_works_while_the_shared_cache_is_unavailable(key_server, issuer, monkeypatch):
    def away(*args, **kwargs):
        raise OSError

    for name in ("get", "set", "add"):
        monkeypatch.setattr(cache, name, away)

    assert ask(issuer, "first", 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "keys",
                    "kty",
                    "kid",
                    "alg",
                    "crv",
                    "x",
                    "y",
                    "n",
                    "e",
                    "use",
                    "key_ops",
                ]
            )
            | st.text(max_size=5),
            inner | st.sampled_from(["OKP", "EC", "RSA", "EdDSA", "RS256", "AQAB"]),
            max_size=6,
        )
    ),
    max_leaves=30,
)
ANY = Issuer(issuer="https://x.example", audiences=("x",), algorithms=ASYMMETRIC)


@settings(max_examples=300)
@given(document=JSON | st.lists(JSON).map(lambda listed: {"keys": listed}))
def test_any_document_is_read_without_an_exception(document):
    assert isinstance(parsed(usable_entries(document, ANY)), dict)


# --- The filter ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": "x" * 256},
        {"kty": "oct"},
        {"kty": "oKP"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": 7},
        {"use": ["sig"]},
        {"crv": {}},
        {"alg": "ES256"},
        {"alg": "Ed25519"},
        {"alg": "none"},
        {"alg": ["EdDSA"]},
        {"crv": "Ed448"},
        {"x": None},
        {"x": ""},
        {"x": "AAAA"},
        {"x": 7},
    ],
)
def test_skips_an_entry_that_can_not_be_used(key_server, issuer, key, members):
    good = forging.new_key("EdDSA", kid="good")
    key_server.publish(forging.jwk(key, **members), forging.jwk(good))

    assert ask(issuer, "good", 0)
    assert list(keys._store_of(issuer).current.keys) == ["good"]


@pytest.mark.parametrize(
    "entry", [None, 7, "x", [], {}, {"keys": []}, {"kty": {}}, {"kid": []}]
)
def test_ignores_invalid_entries(key_server, issuer, key, entry):
    key_server.publish(entry, forging.jwk(key))

    assert ask(issuer, "first", 0)


def test_drops_both_keys_of_one_id(key_server, issuer, key):
    other = forging.new_key("EdDSA", kid="first")
    good = forging.new_key("EdDSA", kid="good")
    key_server.publish(forging.jwk(key), forging.jwk(other), forging.jwk(good))

    ask(issuer, "good", 0)

    assert list(keys._store_of(issuer).current.keys) == ["good"]


def test_accepts_an_entry_without_algorithm_if_it_is_unambiguous(
    key_server, issuer, key
):
    key_server.publish(forging.jwk(key, alg=None))

    assert ask(issuer, "first", 0).algorithm == "EdDSA"


def test_ignores_the_curve_that_better_auth_puts_on_rsa_keys(key_server, trust):
    key = forging.key_of("RS256")
    key_server.publish(forging.jwk(key, crv="Ed25519"))
    trust(key_server)

    assert ask(trusted_issuers()[key_server.url], key.kid, 0).algorithm == "RS256"


@pytest.mark.django_db
def test_keeps_no_private_part(key_server, issuer, key):
    key_server.publish(forging.jwk(key, private=True))

    ask(issuer, "first", 0)

    shared = cache.get(keys._store_of(issuer)._cache_key)
    assert "d" not in shared["entries"][0]


def test_accepts_only_keys_for_the_algorithms_of_the_issuer(key_server, trust):
    good, other = forging.key_of("ES256"), forging.key_of("RS256")
    key_server.publish(forging.jwk(good), forging.jwk(other))
    trust(key_server, algorithms=["ES256"])
    issuer = trusted_issuers()[key_server.url]

    ask(issuer, good.kid, 0)

    assert list(keys._store_of(issuer).current.keys) == [good.kid]
