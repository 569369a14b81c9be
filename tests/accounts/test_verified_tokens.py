"""Verified tokens are accepted again for seconds, whatever the clock does."""

import pytest

from accounts.verified_tokens import SECONDS, VerifiedTokens

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("later", "found"),
    [(0, "user"), (SECONDS - 1, "user"), (SECONDS, None), (-7200, None)],
    ids=["at once", "within seconds", "after that", "the clock was set back"],
)
def test_a_token_is_known_for_seconds(later, found):
    known = VerifiedTokens()
    known.add("token", "user", expires_at=NOW + 300, now=NOW)

    assert known.get("token", now=NOW + later) == found


def test_a_token_is_not_known_after_its_end():
    known = VerifiedTokens()
    known.add("token", "user", expires_at=NOW + 5, now=NOW)

    assert known.get("token", now=NOW + 4) == "user"
    assert known.get("token", now=NOW + 5) is None
