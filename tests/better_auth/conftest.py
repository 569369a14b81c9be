"""Fixtures for the tests of the bridge."""

import json

import pytest

from accounts.better_auth import keys, verifier


@pytest.fixture(autouse=True)
def _nothing_known():
    """Start each test without the keys and tokens of an earlier one."""
    keys.forget_keys()
    verifier.forget_tokens()


@pytest.fixture
def trust(settings):
    """Trust these servers: `trust(server, other, max_lifetime=…)`, or descriptions."""

    def trusted(*servers, **words):
        settings.BETTER_AUTH_ISSUERS = json.dumps(
            [
                one if isinstance(one, dict) else {"url": one.url, **words}
                for one in servers
            ]
        )

    return trusted
