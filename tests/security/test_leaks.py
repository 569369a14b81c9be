"""The check of the log finds what it looks for."""

import pytest

from tests.security.target import leaked

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "s" * 43


@pytest.mark.parametrize(
    "line",
    [f"GET {TOKEN}", f"bad signature {'s' * 43}", "mail to alice@example.com"],
)
def test_a_secret_in_the_log_is_found(line):
    assert leaked(f"a\n{line}\nb", {TOKEN, "alice@example.com", "short"}) != []


def test_a_clean_log_is_clean():
    assert leaked("GET /api/v1/tasks 200 short", {TOKEN, "short"}) == []
