"""API10:2023 Unsafe consumption of APIs: the keys of Better Auth are input, not truth.

The trusted server of these tests also publishes keys that no one should use.
"""

import time
from datetime import UTC, datetime

import pytest

from accounts.better_auth.keys import MIN_INTERVAL
from tests import forging


@pytest.mark.parametrize("kind", [*forging.UNFIT_KEYS, "HS256"])
def test_no_unfit_key_is_used_though_it_is_published(target, issuer, kind):
    claims = forging.better_auth_claims(issuer.url, "user-1", datetime.now(UTC))
    key = forging.key_of(kind)
    for algorithm in {key.algorithm, "EdDSA", "ES256", "RS256"}:
        header = {"alg": algorithm, "kid": key.kid}
        token = forging.sign(claims, key, header=header)

        answer = target.send(
            "GET", "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}
        )

        assert answer.status == 401


def test_unknown_keys_cause_few_fetches(target, issuer):
    claims = forging.better_auth_claims(issuer.url, "user-1", datetime.now(UTC))
    before, began = issuer.fetches, time.monotonic()

    for number in range(40):
        token = forging.sign(claims, forging.key_of("EdDSA"), kid=f"unknown-{number}")
        headers = {"Authorization": f"Bearer {token}"}
        assert target.send("GET", "/api/v1/users/me", headers=headers).status == 401

    # One in each interval, however long the machine takes. Each of two workers may
    # have begun one at the same time.
    intervals = (time.monotonic() - began) / MIN_INTERVAL
    assert issuer.fetches - before <= 2 + intervals


@pytest.mark.parametrize(
    "claim",
    [
        {"email": "alice.surname@example.com", "emailVerified": True},
        {"email": "sam.surname@example.com", "emailVerified": True},
        {"role": "admin", "is_staff": True, "is_superuser": True},
        {"name": "<script>alert(1)</script>"},
        {"scope": "admin", "permissions": ["*"]},
    ],
    ids=repr,
)
def test_no_claim_beside_the_subject_opens_an_account(target, issuer, claim):
    subject = f"stranger-{abs(hash(repr(claim)))}"
    claims = forging.better_auth_claims(issuer.url, subject, datetime.now(UTC))
    token = forging.sign(claims | claim, forging.key_of("EdDSA"))
    headers = {"Authorization": f"Bearer {token}"}

    me = target.send("GET", "/api/v1/users/me", headers=headers)

    assert me.status == 200
    ids = {user["id"] for user in target.users.values()}
    assert me.json()["id"] not in ids
    assert target.send("GET", "/admin/", headers=headers).status == 302
