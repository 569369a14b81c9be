"""What is wrong with an issuer's configuration, or with a token, in plain words.

For operators and support staff. A token is looked at in memory alone: it is neither
stored nor shown, and nor are its claims, apart from those that a setting must match.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from accounts.better_auth import identities, sessions, verifier
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.fetching import FetchFailed, fetch_json
from accounts.better_auth.issuers import (
    InvalidIssuer,
    Issuer,
    IssuerSettings,
    configured_issuers,
    issuer_from,
    session_issuer,
    trusted_issuers,
)
from accounts.better_auth.keys import parsed, usable_entries

REASONS = {
    "too_large": (
        "The token is longer than 8192 characters. Put less into it: definePayload of"
        " the jwt plugin can leave out the name and the image."
    ),
    "malformed": "This is no JWT: three parts of base64url JSON, joined by dots.",
    "type": (
        "This is another kind of token, not one of GET /api/auth/token: its header has"
        " a typ of its own, as cookie-cache, OAuth and logout tokens do."
    ),
    "algorithm": (
        "The token is signed with an algorithm that this issuer is not set up for, or"
        " its key belongs to another one. See BETTER_AUTH_ALGORITHMS."
    ),
    "key_id": "The token's header names no key (kid).",
    "unknown_key": (
        "The issuer publishes no such key. The token is older than a rotation, or comes"
        " from another server with the same address. If the keys are published"
        " elsewhere, set BETTER_AUTH_JWKS_URL."
    ),
    "signature": (
        "The signature does not fit the key: the token was changed on its way, or made"
        " by somebody else."
    ),
    "expired": "The token has expired. Better Auth's live for 15 minutes.",
    "not_yet_valid": (
        "The token is from the future: the clocks of the two servers differ by more"
        " than a minute."
    ),
    "claims": (
        "The token lacks exp, iat, iss, aud or sub, or one has the wrong type. Tokens"
        " of the cookie cache and of mailed links are such; they are no sign-in."
    ),
    "lifetime": (
        "The token lives longer than we accept. Shorten expirationTime of the jwt"
        " plugin (a text such as '15m'), or raise BETTER_AUTH_MAX_LIFETIME."
    ),
    "subject": "The token's sub is empty, over 255 characters or not plain text.",
    "session": (
        "This is a session token, which is taken where BETTER_AUTH_SESSIONS is on."
        " Else send the one of GET /api/auth/token."
    ),
    "session_ended": "The session has ended at Better Auth, or never was.",
    "banned": "Better Auth says that this person is banned.",
    "nonce": "The id token was made for another browser.",
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at: whether it is right, and what it is."""

    passed: bool
    text: str


def _good(text: str) -> CheckResult:
    return CheckResult(True, text)


def _bad(text: str) -> CheckResult:
    return CheckResult(False, text)


# --- The configuration ---------------------------------------------------------


def check_settings() -> Iterator[CheckResult]:
    """Look at every configured issuer, and ask each for its keys."""
    try:
        configured = configured_issuers()
    except InvalidIssuer as exc:
        yield _bad(str(exc))
        return
    if not configured:
        yield _bad("No issuer is configured. Set BETTER_AUTH_URL.")
    for entry in configured:
        yield from _examine(entry)


def _examine(entry: IssuerSettings) -> Iterator[CheckResult]:
    try:
        issuer = issuer_from(entry.options, prefix=entry.prefix)
    except InvalidIssuer as exc:
        yield _bad(str(exc))
        return
    audiences = ", ".join(issuer.audiences)
    yield _good(f"Issuer {issuer.issuer}, audience {audiences}.")
    if issuer.shared_secret:
        yield _good("Tokens are checked with the shared secret, HS256 alone.")
    else:
        yield from _examine_keys(issuer)
    if issuer.sessions:
        yield _examine_sessions(issuer)


def _examine_keys(issuer: Issuer) -> Iterator[CheckResult]:
    started = time.monotonic()
    try:
        document = fetch_json(issuer.jwks_url)
    except FetchFailed as exc:
        yield _bad(
            f"{issuer.jwks_url} gives no usable answer ({exc}). Is the jwt plugin on,"
            " and the address right? Set BETTER_AUTH_JWKS_URL if it is elsewhere."
        )
        return
    milliseconds = round((time.monotonic() - started) * 1000)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        yield _bad(f"{issuer.jwks_url} answers, but not with a list of keys.")
        return
    yield _good(f"{issuer.jwks_url} answered in {milliseconds} ms.")
    keys = parsed(usable_entries(document, issuer))
    if not listed:
        yield _bad("It lists no key yet. Better Auth makes one with the first token.")
    elif not keys:
        yield _bad(
            f"None of its {len(listed)} keys is for {', '.join(issuer.algorithms)}."
        )
    else:
        algorithms = ", ".join(sorted({key.algorithm for key in keys.values()}))
        yield _good(f"{len(keys)} of its {len(listed)} keys can be used: {algorithms}.")


def _examine_sessions(issuer: Issuer) -> CheckResult:
    try:
        answer = fetch_json(issuer.session_url)
    except FetchFailed as exc:
        return _bad(f"{issuer.session_url} gives no usable answer ({exc}).")
    if answer is not None:
        return _bad(f"{issuer.session_url} shows a session to nobody in particular.")
    return _good("Session tokens are checked there, and the server answers.")


# --- A token -------------------------------------------------------------------


def explain_token(token: str, *, now: float) -> Iterator[CheckResult]:
    """Say step by step what becomes of a token at `now`, in seconds since the epoch."""
    try:
        verified = _verified(token, now)
    except TokenRejected as exc:
        yield from _why(token, exc.reason)
        return
    except KeysUnavailable:
        yield _bad(
            "The issuer can't be asked just now, and we have no key of it that fits."
            " The token may be good: we answer 503, not 401."
        )
        return
    minutes = max(0, round((verified.expires_at - now) / 60))
    yield _good(f"The token is valid, for about {minutes} more minutes.")
    yield from _who(verified)


def _verified(token: str, now: float) -> verifier.VerifiedToken:
    """Verify a token of either kind, as the door of the API does."""
    if sessions.is_session_token(token):
        issuer = session_issuer()
        if issuer is None:
            raise TokenRejected("session")
        return sessions.check(token, issuer, now=now)
    return verifier.verify(token, now=now)


def _why(token: str, reason: str) -> Iterator[CheckResult]:
    named = verifier.unverified_issuer(token)
    if reason == "issuer" and named == settings.SIMPLE_JWT["ISSUER"]:
        yield _bad("This is one of our own tokens, not one of Better Auth.")
    elif reason == "issuer":
        trusted = ", ".join(trusted_issuers()) or "none"
        yield _bad(
            f"The token's iss is {_shown(named)}, and we trust: {trusted}. The texts"
            " must be equal to the letter; see BETTER_AUTH_ISSUER."
        )
    elif reason == "audience" and named is not None:
        expected = ", ".join(trusted_issuers()[named].audiences)
        claimed = verifier.unverified_claims(token).get("aud")
        yield _bad(
            f"The token's aud is {_shown(claimed)}, and we expect: {expected}."
            " See BETTER_AUTH_AUDIENCE."
        )
    else:
        yield _bad(REASONS[reason])


def _shown(claim: Any) -> str:
    return "missing" if claim is None else repr(claim)[:200]


def _who(verified: verifier.VerifiedToken) -> Iterator[CheckResult]:
    identity = identities.find(issuer=verified.issuer.issuer, subject=verified.subject)
    if identity is None:
        yield _good("Its identity is not linked yet: its first use makes an account.")
        return
    yield _good(f"It speaks for user {identity.user_id}.")
    reason = identities.refusal(identity, verified)
    if reason == identities.INACTIVE:
        yield _bad("That account is deactivated.")
    elif reason == identities.SUSPENDED:
        yield _bad(
            "The password of that account was reset by mail, so its connected sign-ins"
            " are suspended. Its user keeps or disconnects each on the security page."
        )
    elif reason == identities.ENDED:
        ended = identity.user.credentials_ended_at
        issued = datetime.fromtimestamp(verified.issued_at, UTC)
        yield _bad(
            f"It was issued at {issued:%H:%M:%S} UTC, before the person signed out"
            f" everywhere at {ended:%H:%M:%S} UTC. A new token will do."
        )
    else:
        yield _good("That account is active: the token opens the API.")
    if identity.user.is_staff:
        yield _good(
            "It is one of support staff: no token opens the pages or the admin."
        )
