"""The verifier with valid and invalid tokens, signed with real keys."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.verifier import forget_tokens, verify
from tests import forging

NOW = 1_790_000_000
MOMENT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def issuer(key_server, trust):
    """An issuer with one key of each algorithm."""
    key_server.publish(*(forging.jwk(forging.key_of(a)) for a in forging.ALGORITHMS))
    trust(key_server)
    return key_server


def claims_of(issuer, **changes):
    return forging.better_auth_claims(issuer.url, "user-1", MOMENT, **changes)


def reason_for(token, now=NOW):
    with pytest.raises(TokenRejected) as refusal:
        verify(token, now=now)
    return refusal.value.reason


@pytest.mark.parametrize("algorithm", forging.ALGORITHMS)
def test_accepts_a_valid_token_of_every_algorithm(issuer, algorithm):
    token = forging.sign(claims_of(issuer), forging.key_of(algorithm))

    verified = verify(token, now=NOW)

    assert (verified.issuer.issuer, verified.subject) == (issuer.url, "user-1")
    assert (verified.issued_at, verified.expires_at) == (NOW, NOW + 900)


def test_accepts_one_of_several_audiences(issuer):
    claims = claims_of(issuer) | {"aud": ["https://other.example", issuer.url]}

    assert verify(forging.sign(claims, forging.key_of("EdDSA")), now=NOW)


INVALID_CLAIMS = [
    ({"iss": None}, "issuer"),
    ({"iss": "https://other.example"}, "issuer"),
    ({"iss": 7}, "issuer"),
    ({"aud": None}, "claims"),
    ({"aud": "https://other.example"}, "audience"),
    ({"aud": "better-auth:session-cache"}, "audience"),
    ({"aud": []}, "audience"),
    ({"aud": 7}, "audience"),
    ({"aud": [["x"]]}, "audience"),
    ({"sub": None}, "claims"),
    ({"sub": ""}, "subject"),
    ({"sub": 7}, "subject"),
    ({"sub": "a\x00b"}, "subject"),
    ({"sub": " "}, "subject"),
    ({"sub": "\u3000"}, "subject"),
    ({"sub": " user-1"}, "subject"),
    ({"sub": "user-1\n"}, "subject"),
    ({"sub": "user\u200b-1"}, "subject"),
    ({"sub": "user-1\u202e"}, "subject"),
    ({"sub": "user\u00ad-1"}, "subject"),
    ({"sub": "user\u2028-1"}, "subject"),
    ({"sub": "\ud800"}, "malformed"),
    ({"sub": "x" * 256}, "subject"),
    ({"sub": ["user-1"]}, "subject"),
    ({"exp": None}, "claims"),
    ({"exp": NOW - 60}, "expired"),
    ({"exp": str(NOW + 900)}, "claims"),
    ({"exp": NOW + 900.5}, "claims"),
    ({"exp": 2**53 - 1}, "claims"),
    ({"exp": True}, "claims"),
    ({"exp": -1}, "claims"),
    ({"exp": NOW + 3601}, "lifetime"),
    ({"iat": None}, "claims"),
    ({"iat": NOW + 61}, "not_yet_valid"),
    ({"iat": str(NOW)}, "claims"),
    ({"iat": NOW - 3700, "exp": NOW - 3700 + 3600}, "expired"),
    ({"iat": NOW + 50, "exp": NOW + 40}, "lifetime"),
    ({"nbf": NOW + 61}, "not_yet_valid"),
    ({"nbf": "soon"}, "claims"),
    ({"banned": True}, "banned"),
]


@pytest.mark.parametrize(("changes", "reason"), INVALID_CLAIMS)
def test_refuses_an_invalid_claim(issuer, changes, reason):
    token = forging.sign(claims_of(issuer, **changes), forging.key_of("EdDSA"))

    assert reason_for(token) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW + 59, "exp": NOW + 900},
        {"exp": NOW - 59, "iat": NOW - 900},
        {"nbf": NOW + 59},
        {"banned": False},
        {"sub": "x" * 255},
        {"exp": NOW + 3600},
        {"is_superuser": True, "role": "admin"},
    ],
)
def test_accepts_tokens_within_the_bounds(issuer, changes):
    token = forging.sign(claims_of(issuer, **changes), forging.key_of("EdDSA"))

    assert verify(token, now=NOW).subject


@pytest.mark.parametrize(
    "kind",
    ["at+jwt", "logout+jwt", "better-auth.session-cache+jwt", "JOSE", "", 7, None],
)
def test_refuses_another_kind_of_token(issuer, kind):
    header = {"alg": "EdDSA", "kid": forging.key_of("EdDSA").kid, "typ": kind}
    token = forging.sign(
        claims_of(issuer), forging.key_of("EdDSA"), header=json.dumps(header)
    )

    assert reason_for(token) == "type"


@pytest.mark.parametrize("kind", ["JWT", "jwt"])
def test_accepts_the_generic_type(issuer, kind):
    token = forging.sign(
        claims_of(issuer), forging.key_of("EdDSA"), header={"typ": kind}
    )

    assert verify(token, now=NOW)


def test_no_forged_token_is_accepted(issuer):
    forged = forging.forgeries(claims_of(issuer), issuer.jwks_url)

    accepted = []
    for name, token in forged.items():
        try:
            verify(token, now=NOW)
        except TokenRejected:
            continue
        accepted.append(name)

    assert len(forged) > 80
    assert accepted == []


@pytest.mark.parametrize("kind", forging.UNFIT_KEYS)
def test_uses_no_unsuitable_key_even_if_published(key_server, trust, kind):
    key = forging.key_of(kind)
    good = forging.key_of("EdDSA")
    key_server.publish(forging.jwk(key), forging.jwk(good))
    trust(key_server)
    claims = claims_of(key_server)

    assert verify(forging.sign(claims, good), now=NOW)
    for algorithm in {key.algorithm, "EdDSA" if kind == "Ed448" else "ES256"}:
        header = {"alg": algorithm, "kid": key.kid}
        token = forging.sign(claims, key, header=header)
        assert reason_for(token) in {"algorithm", "unknown_key"}


def test_refuses_duplicate_keys(issuer):
    key = forging.key_of("EdDSA")
    doubled = forging.doubled(claims_of(issuer), "sub", "user-2")

    assert reason_for(forging.sign(doubled, key)) == "malformed"


def test_refuses_critical_extensions_and_unencoded_payloads(issuer):
    key = forging.key_of("EdDSA")
    for extra in ({"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"b64": True}):
        assert reason_for(forging.sign(claims_of(issuer), key, header=extra)) == (
            "malformed"
        )


def test_refuses_a_token_that_is_too_large(issuer):
    token = forging.sign(claims_of(issuer, name="x" * 9000), forging.key_of("EdDSA"))

    assert reason_for(token) == "too_large"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.é.é", "\x00", "a" * 100, "....", "eyJ9.e30."]
)
def test_refuses_text_that_is_not_a_token(issuer, text):
    assert reason_for(text)


def test_caches_a_token_within_the_bounds(issuer):
    key = forging.key_of("EdDSA")
    token = forging.sign(claims_of(issuer), key)
    assert verify(token, now=NOW) is verify(token, now=NOW + 29)

    key_server_without = [
        forging.jwk(forging.key_of(a)) for a in forging.ALGORITHMS if a != "EdDSA"
    ]
    issuer.keys = key_server_without

    # The key set is fresh for five minutes; then the withdrawn key is gone.
    assert reason_for(token, now=NOW + 301) == "unknown_key"


def test_does_not_cache_a_refused_token(issuer):
    token = forging.sign(claims_of(issuer), forging.new_key("EdDSA"), kid="unknown")

    assert reason_for(token) == "unknown_key"
    assert reason_for(token) == "unknown_key"


def test_forgets_an_issuer_that_is_not_trusted_any_more(issuer, trust):
    token = forging.sign(claims_of(issuer), forging.key_of("EdDSA"))
    verify(token, now=NOW)

    trust()

    assert reason_for(token) == "issuer"


# --- A shared secret ----------------------------------------------------------------


@pytest.fixture
def secret_issuer(trust):
    key = forging.key_of("HS256")
    words = {"url": "https://app.example", "shared_secret": key.private.decode()}
    trust(words)
    return key


def shared_claims(**changes):
    return forging.better_auth_claims(
        "https://app.example", "user-1", MOMENT, **changes
    )


def test_a_shared_secret_verifies_hs256(secret_issuer):
    token = forging.sign(shared_claims(), secret_issuer)

    assert verify(token, now=NOW).subject == "user-1"


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "exp", "iat"])
def test_a_shared_secret_requires_every_claim(secret_issuer, name):
    token = forging.sign(shared_claims(**{name: None}), secret_issuer)

    assert reason_for(token) in {"issuer", "claims"}


def test_the_session_cache_token_is_not_a_sign_in(secret_issuer):
    cache = {
        "session": {"token": "x" * 32, "userId": "user-1"},
        "user": {"id": "user-1", "email": "alice@example.com"},
        "iat": NOW,
        "exp": NOW + 300,
    }

    assert reason_for(forging.sign(cache, secret_issuer)) == "issuer"


def test_the_link_in_a_mail_is_not_a_sign_in(secret_issuer):
    link = {"email": "alice@example.com", "iat": NOW, "exp": NOW + 3600}

    assert reason_for(forging.sign(link, secret_issuer)) == "issuer"


@pytest.mark.parametrize("algorithm", forging.ALGORITHMS)
def test_a_shared_secret_allows_no_other_algorithm(secret_issuer, algorithm):
    token = forging.sign(shared_claims(), forging.key_of(algorithm))

    assert reason_for(token) == "algorithm"


# --- Several issuers ----------------------------------------------------------------


def test_equal_key_ids_and_subjects_of_two_issuers_stay_apart(start_key_server, trust):
    one, two = start_key_server(), start_key_server()
    key_one = forging.new_key("EdDSA", kid="1")
    key_two = forging.new_key("EdDSA", kid="1")
    one.publish(forging.jwk(key_one))
    two.publish(forging.jwk(key_two))
    trust(one, two)

    first = verify(forging.sign(claims_of(one), key_one), now=NOW)
    second = verify(forging.sign(claims_of(two), key_two), now=NOW)

    assert first.issuer != second.issuer
    assert reason_for(forging.sign(claims_of(one), key_two)) == "signature"
    assert reason_for(forging.sign(claims_of(two), key_one)) == "signature"


# --- Arbitrary input ----------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["iss", "aud", "sub", "exp", "iat", "nbf", "banned", "email", "name", "jti"]
)
HEADERS = st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "jku", "x5u", "b64"])
CALM = settings(max_examples=150)


def outcome(token):
    """The verifier raises only these two exceptions."""
    forget_tokens()
    try:
        return verify(token, now=NOW)
    except (TokenRejected, KeysUnavailable):
        return None


@CALM
@given(changes=st.dictionaries(NAMES, JSON, max_size=4))
def test_any_claims_are_accepted_or_rejected(issuer, changes):
    claims = claims_of(issuer) | changes

    verified = outcome(forging.sign(json.dumps(claims), forging.key_of("EdDSA")))

    assert verified is None or verified.subject == claims["sub"]


@CALM
@given(header=st.dictionaries(HEADERS, JSON, max_size=4))
def test_any_header_is_accepted_or_rejected(issuer, header):
    header = {"alg": "EdDSA", "kid": forging.key_of("EdDSA").kid} | header

    outcome(
        forging.sign(
            claims_of(issuer), forging.key_of("EdDSA"), header=json.dumps(header)
        )
    )


@CALM
@given(token=st.text(max_size=200) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_any_text_is_refused(issuer, token):
    assert outcome(token) is None


def test_the_time_is_the_callers(issuer):
    """Only the argument tells the time: a token of 2026 is valid in 2026."""
    token = forging.sign(claims_of(issuer), forging.key_of("ES256"))

    assert reason_for(token, now=time.time() + 10 * 365 * 86400) == "expired"
