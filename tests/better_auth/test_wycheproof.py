"""Project Wycheproof's JOSE vectors against our key filter and signature check."""

import base64
import json
from pathlib import Path

import pytest

from accounts.better_auth.exceptions import TokenRejected
from accounts.better_auth.issuers import ASYMMETRIC, Issuer
from accounts.better_auth.keys import VerificationKey, parsed, usable_entries
from accounts.better_auth.verifier import signed_payload
from tests.tables import as_one_test

FOLDER = Path(__file__).parent.parent / "data" / "wycheproof"
ANY = Issuer(issuer="https://x.example", audiences=("x",), algorithms=ASYMMETRIC)

# Keys whose primes follow the pattern of CVE-2017-15361 (ROCA). They are of full size,
# and only that attack's own test tells them.
UNNOTICED = "jws_rsa_roca_key"


# Called valid there, refused here: stray characters in base64url, an empty payload,
# and algorithms that Better Auth doesn't have.
STRICTER = {
    *("base64-372", "base64-373"),
    *("rs256-259", "ps256-272"),
    *("HS384-14", "HS512-15"),
    *(f"rs384-{number}" for number in range(264, 268)),
    *(f"rs512-{number}" for number in range(268, 272)),
    *(f"ps384-{number}" for number in range(320, 324)),
    *(f"ps512-{number}" for number in range(325, 329)),
    *("rfc7520-346", "rfc7520-347"),
    *("rfc7520WithKeyOps-350", "rfc7520WithKeyOps-351"),
}


def vectors(name):
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for group in document["testGroups"]:
        for vector in group["tests"]:
            yield pytest.param(group, vector, id=f"{group['comment']}-{vector['tcId']}")


def is_accepted(group, token):
    """Run a token through the filter for keys and the check of the signature."""
    published = group.get("public") or group["private"]
    entries = published.get("keys", [published])
    try:
        header = json.loads(
            base64.urlsafe_b64decode(token.split(".")[0] + "==").decode()
        )
        key = key_for(entries, header.get("kid"))
        signed_payload(token, key)
    except (TokenRejected, ValueError, AttributeError, KeyError, TypeError):
        return False
    return True


def key_for(entries, kid):
    """Find the key as the store does; a lone symmetric one is a shared secret."""
    if all(entry.get("kty") == "oct" for entry in entries):
        if [entry.get("kid") for entry in entries].count(kid) != 1:
            raise TokenRejected("unknown_key")
        entry = next(entry for entry in entries if entry.get("kid") == kid)
        secret = base64.urlsafe_b64decode(entry["k"] + "==")
        if entry.get("alg") != "HS256" or len(secret) < 32:
            raise TokenRejected("unknown_key")
        return VerificationKey("HS256", secret)
    keys = parsed(usable_entries({"keys": entries}, ANY))
    if kid not in keys:
        raise TokenRejected("unknown_key")
    return keys[kid]


ALL = [
    *vectors("json_web_signature_test"),
    *vectors("json_web_crypto_test"),
    *vectors("json_web_key_test"),
]
# In the compact form; the others are encrypted, or JSON, and never a bearer token.
SIGNED = [one for one in ALL if isinstance(one.values[1].get("jws"), str)]
VALID = [one for one in SIGNED if one.values[1]["result"] == "valid"]
# Two are called invalid for their padding, and are to the letter a valid one.
TEXTS_OF_VALID = {one.values[1]["jws"] for one in VALID}
INVALID = [
    one
    for one in SIGNED
    if one.values[1]["result"] == "invalid"
    and one.values[1]["jws"] not in TEXTS_OF_VALID
    and one.values[0]["comment"] != UNNOTICED
]


@as_one_test
@pytest.mark.parametrize(("group", "vector"), INVALID)
def test_accepts_nothing_that_is_invalid(group, vector):
    assert not is_accepted(group, vector["jws"])


def test_accepts_all_valid_vectors_that_better_auth_could_send():
    refused = {
        f"{group['comment']}-{vector['tcId']}"
        for group, vector in (one.values for one in VALID)
        if not is_accepted(group, vector["jws"])
    }

    assert refused == STRICTER
