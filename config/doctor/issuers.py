"""A check of the external issuers, by the Better Auth doctor, and of their clocks."""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from accounts.better_auth import doctor
from accounts.better_auth.fetching import FetchFailed, fetch
from accounts.better_auth.issuers import (
    InvalidIssuer,
    configured_issuers,
    trusted_issuers,
)
from config.doctor.clock import compare
from config.doctor.findings import Finding, error, ok

HINT = "manage.py better_auth_doctor --token explains also why a token is refused."


def check_issuers() -> Iterator[Finding]:
    """Check every configured issuer as `better_auth_doctor` does."""
    try:
        if not configured_issuers():
            yield ok("No Better Auth server is configured.")
            return
    except InvalidIssuer:
        pass  # reported below
    for result in doctor.check_settings():
        yield ok(result.text) if result.passed else error(result.text, HINT)
    for issuer in trusted_issuers().values():
        if not issuer.shared_secret:
            yield from _compare_clock(issuer.issuer, issuer.jwks_url)


def _compare_clock(name: str, url: str) -> Iterator[Finding]:
    """Compare our clock with the `Date` of a response, which has whole seconds."""
    try:
        date = fetch(url).headers["Date"]
        theirs = parsedate_to_datetime(date).timestamp()
    except (FetchFailed, TypeError, ValueError):
        return  # unreachable is reported already, and the header is optional
    yield compare(name, theirs=theirs + 0.5, ours=time.time())
