"""The cost of verifying a Better Auth token, compared with checking its signature.

`python -m tests.benchmarks.verification` measures both in turn, in one process, with
new tokens, so that nothing is cached.
"""

import json
import os
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

import django

TOKENS = 150  # of each algorithm in a round
ROUNDS = 7


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests import forging

    print("Better Auth tokens: CPU ms for each, median of rounds")
    print(f"{'':8}{'bare':>8}{'verify':>8}{'added':>8}{'again':>8}")
    for algorithm in forging.ALGORITHMS:
        bare, whole, again = costs(algorithm)
        print(
            f"{algorithm:8}{bare:8.3f}{whole:8.3f}{whole - bare:8.3f}{again:8.3f}",
            flush=True,
        )


def costs(algorithm: str) -> tuple[float, float, float]:
    """Return milliseconds of the signature alone, of `verify`, and of a repeat."""
    from accounts.better_auth import keys, verifier
    from tests import forging
    from tests.key_server import KeyServer

    key, now = forging.key_of(algorithm), time.time()
    with KeyServer() as server:
        server.publish(forging.jwk(key))
        trust(server.url)
        rounds = []
        for number in range(ROUNDS):
            tokens = [
                forging.sign(
                    forging.better_auth_claims(
                        server.url,
                        f"user-{number}-{n}",
                        datetime.fromtimestamp(now, UTC),
                    ),
                    key,
                )
                for n in range(TOKENS)
            ]
            verifier.verify(tokens.pop(), now=now)  # fetches the keys
            found = keys.key_for(
                verifier.trusted_issuers()[server.url], key.kid, now=now
            )
            rounds.append(
                (
                    each(tokens, lambda token, k=found: bare(token, k)),
                    each(tokens, lambda token: verifier.verify(token, now=now)),
                    each(tokens, lambda token: verifier.verify(token, now=now)),
                )
            )
    one, two, three = (median(column) for column in zip(*rounds, strict=True))
    return one, two, three


def trust(url: str) -> None:
    """Trust only this issuer, and share its keys with no other process."""
    from django.test import override_settings

    override_settings(
        BETTER_AUTH_ISSUERS=json.dumps([{"url": url}]),
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        },
    ).enable()


def bare(token: str, key: Any) -> None:
    """Check nothing but the signature, with the same library."""
    import jwt

    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    signed, _, signature = token.rpartition(".")
    octets = jwt.utils.base64url_decode(signature)
    assert algorithm.verify(signed.encode(), key.key, octets)


def each(tokens: list[str], call: Any) -> float:
    """Return the milliseconds of processor time that `call` takes for each token."""
    started = time.process_time()
    for token in tokens:
        call(token)
    return (time.process_time() - started) / len(tokens) * 1000


if __name__ == "__main__":
    main()
