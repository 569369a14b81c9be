"""Another library accepts the valid tokens of `tests.forging`."""

import jwt
import pytest
from django.utils import timezone

from tests import forging

ISSUER = "https://auth.example"


@pytest.fixture
def claims():
    return forging.better_auth_claims(ISSUER, "user-1", timezone.now())


def accepted(token, key):
    """Return the claims, verified by another library."""
    public = jwt.PyJWK(forging.jwk(key), algorithm=key.algorithm)
    return jwt.decode(token, public, [key.algorithm], audience=ISSUER, issuer=ISSUER)


@pytest.mark.parametrize("kind", [*forging.ALGORITHMS, "HS256", "Ed448", "P-384"])
def test_signs_what_another_library_accepts(kind, claims):
    key = forging.key_of(kind)

    assert accepted(forging.sign(claims, key), key) == claims


@pytest.mark.parametrize("algorithm", forging.ALGORITHMS)
def test_a_tampered_token_keeps_everything_else(algorithm, claims):
    key = forging.key_of(algorithm)
    token = forging.sign(claims, key)

    forged = forging.tamper(token, claims=claims | {"sub": "user-2"})

    assert forged.split(".")[::2] == token.split(".")[::2]
    assert forging.decode(forged)[1]["sub"] == "user-2"
    with pytest.raises(jwt.InvalidSignatureError):
        accepted(forged, key)


def test_the_claims_are_those_of_a_real_token(better_auth):
    alice = better_auth.sign_up()
    _, real = forging.decode(better_auth.token(alice))

    forged = forging.better_auth_claims(
        better_auth.url, alice.user_id, timezone.now(), image=None
    )

    assert forged.keys() == real.keys() - {"role", "banned"}
    assert forged["exp"] - forged["iat"] == real["exp"] - real["iat"]


@pytest.mark.parametrize("algorithm", forging.ALGORITHMS)
def test_the_key_is_listed_as_by_a_real_server(start_better_auth, algorithm):
    [real] = start_better_auth(algorithm=algorithm).jwks()

    forged = forging.jwk(forging.key_of(algorithm))

    assert forged.keys() == real.keys()
    assert (forged["kty"], forged.get("crv")) == (real["kty"], real.get("crv"))


def test_changes_replace_claims_or_take_them_away():
    now = timezone.now()

    claims = forging.better_auth_claims(ISSUER, "user-1", now, name="Eve", email=None)

    assert claims["name"] == "Eve"
    assert "email" not in claims


def test_the_header_can_differ_from_the_signature(claims):
    key = forging.key_of("EdDSA")

    token = forging.sign(claims, key, header={"typ": "at+jwt", "kid": None})

    assert forging.decode(token)[0] == {"alg": "EdDSA", "typ": "at+jwt"}
    assert accepted(token, key)


def test_a_member_can_be_duplicated():
    assert forging.doubled({"sub": "b"}, "sub", "a") == '{"sub":"a","sub":"b"}'
