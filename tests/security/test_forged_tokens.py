"""API2:2023 Broken authentication: forged, confused and stale tokens (RFC 8725)."""

import json
import time
from datetime import UTC, datetime

import pytest

from tests import forging
from tests.better_auth.test_verifier import INVALID_CLAIMS, NOW


def me(target, token, *, path="/api/v1/users/me"):
    return target.send("GET", path, headers={"Authorization": f"Bearer {token}"})


# --- Our own tokens --------------------------------------------------------------


class Own:
    """A good token of Bob, its parts, the claims of Alice, and the real key."""

    def __init__(self, target):
        self.good = target.users["bob"]["access"]
        self.header, self.claims = forging.decode(self.good)
        _, self.alice = forging.decode(target.users["alice"]["access"])
        self.refresh = target.users["alice"]["refresh"]
        self.key = target.signing_key

    def signed(self, claims=None, **changes):
        """Sign with the real key, as a careless service of ours would."""
        claims = {**(claims or self.alice), **changes}
        return forging.sign(claims, self.key, header=self.header)

    def without(self, name):
        claims = {k: v for k, v in self.alice.items() if k != name}
        return forging.sign(claims, self.key, header=self.header)

    def with_header(self, **members):
        return forging.sign(self.alice, self.key, header=self.header | members)

    def by(self, secret, **more):
        return forging.sign(self.alice, forging.Key("HS256", secret), **more)


OWN = {
    **{
        f"unsigned {name!r}": lambda o, name=name: forging.unsigned(o.alice, name)
        for name in ("none", "None", "NONE", "nOnE", "", "HS256")
    },
    **{
        f"guessed secret {word!r}": lambda o, word=word: o.by(word)
        for word in (b"", b"secret", b"changeme", b"your-256-bit-secret", b"\0" * 32)
    },
    **{
        f"key of {kind}": lambda o, kind=kind: forging.sign(
            o.alice, forging.key_of(kind)
        )
        for kind in forging.ALGORITHMS
    },
    **{
        f"real key under {name}": lambda o, name=name: forging.sign(
            o.alice, o.key, algorithm=name, header={"typ": "JWT"}
        )
        for name in ("HS384", "HS512")
    },
    **{
        f"without {name}": lambda o, name=name: o.without(name)
        for name in ("exp", "iat", "iss", "aud", "sub", "jti", "typ", "epoch")
    },
    **{
        f"{name}={value!r}"[:40]: lambda o, name=name, value=value: o.signed(
            **{name: value}
        )
        for name, value in [
            ("exp", 1),
            ("exp", "9999999999"),
            ("exp", 9999999999.5),
            ("exp", 2**62),
            ("exp", True),
            ("exp", None),
            ("iat", 2**62),
            ("iat", "now"),
            ("nbf", 2**33),
            ("iss", "https://evil.example"),
            ("iss", None),
            ("iss", ["x"]),
            ("aud", "https://evil.example/api"),
            ("aud", []),
            ("aud", 7),
            ("sub", "nobody"),
            ("sub", "00000000-0000-0000-0000-000000000000"),
            ("sub", 7),
            ("sub", None),
            ("sub", "\0"),
            ("sub", ["x"]),
            ("sub", "' OR 1=1 --"),
            ("typ", "refresh"),
            ("typ", None),
            ("epoch", 10**6),
            ("epoch", -1),
            ("epoch", "0"),
            ("epoch", True),
            ("auth_time", "now"),
        ]
    },
    "audience among others": lambda o: o.signed(aud=[o.alice["aud"], "x"]),
    "signature removed": lambda o: forging.tamper(o.good, signature=b""),
    "signature zeroes": lambda o: forging.tamper(o.good, signature=bytes(32)),
    "signature cut": lambda o: o.good[:-4],
    "five parts": lambda o: f"{o.good}.x.y",
    "no claims": lambda o: o.good.split(".")[0],
    "claims of Alice": lambda o: forging.tamper(o.good, claims=o.alice),
    "subject twice": lambda o: forging.tamper(
        o.good, claims=forging.doubled(o.claims, "sub", o.alice["sub"])
    ),
    "refresh token": lambda o: o.refresh,
    "critical extension": lambda o: o.with_header(crit=["exp"]),
    "unencoded payload": lambda o: o.with_header(b64=False, crit=["b64"]),
    "key id of a file": lambda o: o.by(b"", header={"kid": "../../dev/null"}),
    "key id of SQL": lambda o: o.by(b"x", header={"kid": "' UNION SELECT 'x"}),
    "nested": lambda o: forging.sign(forging.nested(1000), o.key),
    "nested deeply": lambda o: forging.tamper(o.good, claims=forging.nested(2500)),
    "5,000 characters": lambda o: o.signed(extra="x" * 5000),
    "30,000 characters": lambda o: o.signed(extra="x" * 22_000),
    **{
        f"text {text!r}": lambda o, text=text: text
        for text in (
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "null",
            "undefined",
            "Bearer",
            "e30.e30.",
        )
    },
}
REFUSED = {400, 401, 431}


@pytest.mark.parametrize("name", OWN)
def test_no_forged_token_of_ours_is_accepted(target, name):
    assert me(target, OWN[name](Own(target))).status in REFUSED


def test_the_forged_tokens_differ_from_a_good_one_only_in_what_they_name(target):
    own = Own(target)

    assert me(target, own.signed(own.claims)).status == 200


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t#S256"])
@pytest.mark.parametrize("kind", ["EdDSA", "ES256", "RS256"])
def test_no_token_brings_its_own_key(target, trap, name, kind):
    _, claims = forging.decode(target.users["alice"]["access"])
    key = forging.key_of(kind)

    token = forging.self_certified(claims, key, trap.jwks_url)[name]

    assert me(target, token).status == 401


PLACES = {
    "query access_token": lambda t: ("?access_token=" + t, {}),
    "query token": lambda t: ("?token=" + t, {}),
    "query jwt": lambda t: ("?jwt=" + t, {}),
    "query Authorization": lambda t: ("?Authorization=Bearer%20" + t, {}),
    "cookie access": lambda t: ("", {"Cookie": f"access={t}"}),
    "cookie token": lambda t: ("", {"Cookie": f"token={t}"}),
    "cookie session": lambda t: ("", {"Cookie": f"ownlist_session={t}"}),
    "X-Access-Token": lambda t: ("", {"X-Access-Token": t}),
    "X-Authorization": lambda t: ("", {"X-Authorization": f"Bearer {t}"}),
    "Proxy-Authorization": lambda t: ("", {"Proxy-Authorization": f"Bearer {t}"}),
    "Basic": lambda t: ("", {"Authorization": f"Basic {t}"}),
    "Token": lambda t: ("", {"Authorization": f"Token {t}"}),
    "no scheme": lambda t: ("", {"Authorization": t}),
    "two schemes": lambda t: ("", {"Authorization": f"Bearer Bearer {t}"}),
    "list of two": lambda t: ("", {"Authorization": f"Bearer {t}, Bearer {t}"}),
    "underscore": lambda t: ("", {"HTTP_AUTHORIZATION": f"Bearer {t}"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_token_counts_only_in_its_place(target, place):
    query, headers = PLACES[place](target.users["bob"]["access"])

    answer = target.send("GET", f"/api/v1/users/me{query}", headers=headers)

    assert answer.status == 401


# --- Tokens of Better Auth ---------------------------------------------------------


@pytest.fixture(scope="session")
def claims(issuer):
    return forging.better_auth_claims(issuer.url, "user-1", datetime.now(UTC))


@pytest.fixture(scope="session")
def forged(claims, issuer):
    return forging.forgeries(claims, issuer.jwks_url)


@pytest.mark.parametrize("algorithm", forging.ALGORITHMS)
def test_the_forged_tokens_resemble_a_good_one(target, claims, algorithm):
    token = forging.sign(claims, forging.key_of(algorithm))

    answer = me(target, token)

    assert answer.json()["email"] == target.users["alice"]["email"]


def test_a_connection_that_was_closed_meanwhile_fails_no_attack(target, claims):
    token = forging.sign(claims, forging.key_of("EdDSA"))
    me(target, token)
    target.end_connection()

    target.wait_for_keys(token)


@pytest.mark.parametrize("name", forging.FORGERIES)
def test_no_forged_token_of_better_auth_is_accepted(target, forged, name):
    target.wait_for_keys(forged[name])

    assert me(target, forged[name]).status in REFUSED


def test_every_forged_token_is_tried(forged):
    assert forged.keys() == set(forging.FORGERIES)


@pytest.mark.parametrize(
    "changes", [changes for changes, _ in INVALID_CLAIMS], ids=lambda c: repr(c)[:50]
)
def test_no_invalid_claim_of_better_auth_is_accepted(target, issuer, changes):
    moved = {k: _moved(value) for k, value in changes.items()}
    now = datetime.now(UTC)
    claims = forging.better_auth_claims(issuer.url, "user-1", now, **moved)

    assert me(target, forging.sign(claims, forging.key_of("EdDSA"))).status == 401


def _moved(value):
    """Move a time of the verifier's tests to today."""
    is_time = type(value) is int and abs(value - NOW) < 10**6
    return value - NOW + int(time.time()) if is_time else value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "x"},
        {"refresh": "x"},
        {"refresh": None},
        {"refresh": ["x"]},
        {"refresh": {"a": 1}},
        {"refresh": "x" * 10_000},
        {"refresh": "\0"},
    ],
    ids=lambda b: json.dumps(b)[:30],
)
@pytest.mark.parametrize("route", ["token/refresh", "token/exchange"])
def test_no_odd_body_gives_a_token(target, route, body):
    answer = target.api("POST", f"/api/v1/auth/{route}", body)

    assert answer.status in {400, 401}
    assert "access" not in answer.json()


def test_an_access_token_refreshes_nothing(target):
    body = {"refresh": target.users["bob"]["access"]}

    assert target.api("POST", "/api/v1/auth/token/refresh", body).status == 401
