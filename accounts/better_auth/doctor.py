"""Explain what is wrong with the settings of an issuer, or with a token.

It is for operators and support staff. A token stays in memory: it is neither stored nor
shown. Of its claims, only those are shown that a setting must match.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

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
    "malformed": "This is not a JWT: three parts of base64url JSON, joined by dots.",
    "type": (
        "This is another kind of token, not one of GET /api/auth/token. Its header has"
        " another typ, like that of cookie-cache, OAuth and logout tokens."
    ),
    "algorithm": (
        "The token is signed with an algorithm that is not configured for this issuer,"
        " or its key is for another algorithm. See BETTER_AUTH_ALGORITHMS."
    ),
    "key_id": "The header of the token names no key (kid).",
    "unknown_key": (
        "The issuer publishes no such key. The token is older than a rotation, or comes"
        " from another server with the same address. If the keys are published"
        " elsewhere, set BETTER_AUTH_JWKS_URL."
    ),
    "signature": (
        "The signature does not match the key: the token was changed, or issued by"
        " another server."
    ),
    "expired": "The token has expired. Tokens of Better Auth are valid for 15 minutes.",
    "not_yet_valid": (
        "The token was issued in the future: the clocks of the two servers differ by"
        " more than a minute."
    ),
    "claims": (
        "The token lacks exp, iat, iss, aud or sub, or one has the wrong type. Tokens"
        " of the cookie cache and of mailed links are like this; they can't be used to"
        " sign in."
    ),
    "lifetime": (
        "The token is valid for longer than we accept. Shorten expirationTime of the"
        " jwt plugin (a string such as '15m'), or raise BETTER_AUTH_MAX_LIFETIME."
    ),
    "subject": "The token's sub is empty, over 255 characters or not plain text.",
    "session": (
        "This is a session token, which is accepted only with BETTER_AUTH_SESSIONS."
        " Send the token of GET /api/auth/token instead."
    ),
    "session_ended": "The session has ended at Better Auth, or never existed.",
    "banned": "This user is banned at Better Auth.",
    "nonce": "The id token was issued for another browser.",
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, in one sentence."""

    passed: bool
    text: str


def _good(text: str) -> CheckResult:
    return CheckResult(True, text)


def _bad(text: str) -> CheckResult:
    return CheckResult(False, text)


# --- The configuration ---------------------------------------------------------


def check_settings() -> Iterator[CheckResult]:
    """Check every configured issuer, and fetch the keys of each."""
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
        yield _good("Tokens are verified with the shared secret, by HS256 only.")
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
            f"{issuer.jwks_url} gives no usable response ({exc}). Is the jwt plugin"
            " enabled, and the URL right? Set BETTER_AUTH_JWKS_URL if it is elsewhere."
        )
        return
    milliseconds = round((time.monotonic() - started) * 1000)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        yield _bad(f"{issuer.jwks_url} responds, but not with a list of keys.")
        return
    yield _good(f"{issuer.jwks_url} responded in {milliseconds} ms.")
    keys = parsed(usable_entries(document, issuer))
    if not listed:
        yield _bad("It lists no key yet. Better Auth creates one with the first token.")
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
        return _bad(f"{issuer.session_url} gives no usable response ({exc}).")
    if answer is not None:
        return _bad(f"{issuer.session_url} returns a session without a token.")
    return _good("Session tokens are checked there, and the server responds.")


# --- A token -------------------------------------------------------------------


def explain_token(token: str, *, now: float) -> Iterator[CheckResult]:
    """Explain step by step how a token is handled at `now`, in seconds since 1970."""
    try:
        verified = _verified(token, now)
    except TokenRejected as exc:
        yield from _why(token, exc.reason)
        return
    except KeysUnavailable:
        yield _bad(
            "The issuer can't be reached at the moment, and no matching key is known."
            " The token may be valid: the response is 503, not 401."
        )
        return
    minutes = max(0, round((verified.expires_at - now) / 60))
    yield _good(f"The token is valid, for about {minutes} more minutes.")
    yield from _who(verified)


def _verified(token: str, now: float) -> verifier.VerifiedToken:
    """Verify a token of either kind, as the authentication class does."""
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
            f"The token's iss is {_shown(named)}, and the trusted issuers are:"
            f" {trusted}. They must be exactly equal; see BETTER_AUTH_ISSUER."
        )
    elif reason == "audience" and named is not None:
        expected = ", ".join(trusted_issuers()[named].audiences)
        claimed = verifier.unverified_claims(token).get("aud")
        yield _bad(
            f"The token's aud is {_shown(claimed)}, and must be: {expected}."
            " See BETTER_AUTH_AUDIENCE."
        )
    else:
        yield _bad(REASONS[reason])


def _shown(claim: object) -> str:
    return "missing" if claim is None else repr(claim)[:200]


def _who(verified: verifier.VerifiedToken) -> Iterator[CheckResult]:
    identity = identities.find(issuer=verified.issuer.issuer, subject=verified.subject)
    if identity is None:
        yield _good("Its identity is not linked yet: its first use creates an account.")
        return
    yield _good(f"It authenticates user {identity.user_id}.")
    reason = identities.refusal(identity, verified)
    if reason == identities.INACTIVE:
        yield _bad("That account is deactivated.")
    elif reason == identities.SUSPENDED:
        yield _bad(
            "The password of that account was reset by mail, so its connected sign-ins"
            " are paused. Its user keeps or disconnects each on the security page."
        )
    elif reason == identities.ENDED:
        ended = identity.user.credentials_ended_at
        issued = datetime.fromtimestamp(verified.issued_at, UTC)
        yield _bad(
            f"It was issued at {issued:%H:%M:%S} UTC, before the user signed out"
            f" everywhere at {ended:%H:%M:%S} UTC. Get a new token."
        )
    else:
        yield _good("That account is active: the token gives access to the API.")
    if identity.user.is_staff:
        yield _good(
            "It belongs to staff: no token gives access to the pages or the admin."
        )
