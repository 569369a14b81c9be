"""A Better Auth token comes in as text, its verified claims go out.

One order of checks for every token (RFC 8725): size and form, type, algorithm, the
issuer that its unverified `iss` names, that issuer's key, signature, then claims.
"""

import base64
import hashlib
import json
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jwt

from accounts.better_auth.exceptions import TokenRejected
from accounts.better_auth.issuers import LONGEST_LIFETIME, Issuer, trusted_issuers
from accounts.better_auth.keys import MAX_KEY_ID, VerificationKey, key_for

MAX_TOKEN_LENGTH = 8 * 1024
LEEWAY = 60  # seconds that the issuer's clock may differ from ours
MAX_SUBJECT = 255  # characters
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories: control, format, separators
MAX_TIME = 2**33  # seconds since the epoch: the year 2242
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]

# How old an id token may be: it is fetched by the request that verifies it.
ID_TOKEN_AGE = 5 * 60  # seconds

# A verified token is taken again without its signature for at most this long: the
# bound on how late a withdrawn key is noticed, beyond the key set's own.
REMEMBER = 30.0  # seconds
REMEMBER_MOST = 4096  # tokens, per process


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token proves: that `issuer` vouched for `subject` at `issued_at`.

    `claims` are all of them, as sent: of these only times, issuer, audience and
    subject are checked. Times are seconds since the epoch. `authenticated_at` is when
    the subject last proved who they are, None if the issuer doesn't say.
    """

    issuer: Issuer
    subject: str
    issued_at: int
    expires_at: int
    claims: Mapping[str, Any]
    authenticated_at: int | None = None

    def __repr__(self) -> str:
        return f"<VerifiedToken of {self.issuer.issuer}>"


def unverified_issuer(token: str) -> str | None:
    """Return the `iss` that a token claims, to choose a door by and for nothing else.

    `None` where it can't be read.
    """
    issuer = unverified_claims(token).get("iss")
    return issuer if isinstance(issuer, str) else None


def unverified_claims(token: str) -> dict[str, Any]:
    """Return what a token claims, true or not; nothing where it can't be read."""
    if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:
        return {}
    try:
        return _json_object(token.split(".")[1])
    except TokenRejected:
        return {}


def verify(token: str, *, now: float) -> VerifiedToken:
    """Verify a Better Auth JWT; `now` is in seconds since the epoch.

    Raises:
        TokenRejected: it is not to be acted on; the reason is for the log alone.
        KeysUnavailable: its issuer's keys can't be had, which is no fault of it.
    """
    remembered = _recall(token, now)
    if remembered is not None:
        return remembered
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRejected("too_large")
    header = _header(token)
    named = _json_object(token.split(".")[1]).get("iss")
    issuer = trusted_issuers().get(named) if isinstance(named, str) else None
    if issuer is None:
        raise TokenRejected("issuer")
    if header.get("alg") not in issuer.algorithms:
        raise TokenRejected("algorithm")
    payload = signed_payload(token, _key(issuer, header, now))
    verified = _verified(issuer, _parsed(payload), now)
    _remember(token, verified, now)
    return verified


def _header(token: str) -> dict[str, Any]:
    """Return the header of what has the form and the type of an API token."""
    parts = token.split(".")
    if len(parts) != 3 or not all(_is_canonical(part) for part in parts):
        raise TokenRejected("malformed")
    header = _json_object(parts[0])
    # Better Auth writes no type. Other kinds of token that it signs with the same
    # keys have one each, and all of them must stay outside (RFC 8725 section 3.12).
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise TokenRejected("type")
    if "crit" in header or "b64" in header:
        raise TokenRejected("malformed")
    return header


def _is_canonical(segment: str) -> bool:
    """Tell whether a segment is base64url in its one spelling (RFC 7515 section 2)."""
    try:
        octets = _octets(segment)
    except ValueError:
        return False
    spelled = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    return bool(octets) and spelled == segment


def _octets(segment: str) -> bytes:
    padded = segment + "=" * (-len(segment) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _json_object(segment: str) -> dict[str, Any]:
    """Return the JSON object of a segment, in which no name may stand twice."""
    try:
        octets = _octets(segment)
    except ValueError as exc:
        raise TokenRejected("malformed") from exc
    return _parsed(octets)


def _parsed(octets: bytes) -> dict[str, Any]:
    try:
        value = json.loads(octets.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as exc:
        raise TokenRejected("malformed") from exc
    if not isinstance(value, dict):
        raise TokenRejected("malformed")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a name stands twice")
    return value


def _key(issuer: Issuer, header: Mapping[str, Any], now: float) -> VerificationKey:
    if issuer.shared_secret:
        return VerificationKey("HS256", issuer.shared_secret.encode())
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
        raise TokenRejected("key_id")
    return key_for(issuer, key_id, now=now)


def signed_payload(token: str, key: VerificationKey) -> bytes:
    """Return the payload that `key` has signed, by its own algorithm and no other.

    Raises:
        TokenRejected: the form, the type, the algorithm or the signature is wrong.
    """
    if _header(token).get("alg") != key.algorithm:
        raise TokenRejected("algorithm")
    try:
        payload: bytes = _jws.decode(token, key.key, algorithms=[key.algorithm])
    except jwt.InvalidSignatureError as exc:
        raise TokenRejected("signature") from exc
    except (jwt.PyJWTError, ValueError, TypeError) as exc:
        raise TokenRejected("malformed") from exc
    return payload


_jws = jwt.PyJWS()


def _verified(issuer: Issuer, claims: dict[str, Any], now: float) -> VerifiedToken:
    """Check what the token claims; the key has vouched that the issuer wrote it."""
    if any(name not in claims for name in REQUIRED):
        raise TokenRejected("claims")
    if claims["iss"] != issuer.issuer:
        raise TokenRejected("issuer")
    if not _is_for_us(claims["aud"], issuer):
        raise TokenRejected("audience")
    issued_at, expires_at = _time(claims, "iat"), _time(claims, "exp")
    if expires_at <= now - LEEWAY:
        raise TokenRejected("expired")
    if issued_at > now + LEEWAY:
        raise TokenRejected("not_yet_valid")
    if "nbf" in claims and _time(claims, "nbf") > now + LEEWAY:
        raise TokenRejected("not_yet_valid")
    if not 0 < expires_at - issued_at <= issuer.max_lifetime:
        raise TokenRejected("lifetime")
    if issued_at < now - issuer.max_lifetime - LEEWAY:
        raise TokenRejected("lifetime")
    if claims.get("banned") is True:
        raise TokenRejected("banned")
    subject = claims["sub"]
    if not is_subject(subject):
        raise TokenRejected("subject")
    return VerifiedToken(
        issuer,
        subject,
        issued_at,
        expires_at,
        claims,
        authenticated_at(claims, now=now),
    )


def authenticated_at(claims: Mapping[str, Any], *, now: float) -> int | None:
    """Return the claim `auth_time` (OpenID Connect Core section 2), if it is one.

    Better Auth leaves it to the application, so any other value says nothing.
    """
    at = claims.get("auth_time")
    if type(at) is not int or not 0 < at <= now + LEEWAY:
        return None
    return at


def _is_for_us(audience: Any, issuer: Issuer) -> bool:
    """Tell whether one of the audiences, text or a list, is ours (RFC 7519, 4.1.3)."""
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(one, str) and one in issuer.audiences for one in named)


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims[name]
    if type(value) is not int or not 0 <= value < MAX_TIME:
        raise TokenRejected("claims")
    return value


def is_subject(value: Any) -> bool:
    """Whether a value can be the name of a user at an issuer, one that can be seen.

    Not blank, without spaces around it, and without control or format characters: two
    subjects that look the same to support staff must be the same.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_SUBJECT
        and value == value.strip()
        and not any(unicodedata.category(char) in UNSEEN for char in value)
    )


# --- The id token of OpenID Connect -------------------------------------------


def verify_id_token(
    token: Any,
    issuer: Issuer,
    *,
    openid_issuer: str,
    client_id: str,
    nonce: str | None,
    now: float,
) -> VerifiedToken:
    """Verify an id token that this issuer's server has just given us (Core, 3.1.3.7).

    It is signed with the keys of API tokens. Its own are `openid_issuer` as `iss`, our
    `client_id` as audience, and the `nonce` that this browser was sent with. Its time
    `issued_at` is when the user signed in there, if the server says so: a sign-out
    everywhere ends older sign-ins.

    Raises:
        TokenRejected: it is not to be acted on; the reason is for the log alone.
        KeysUnavailable: the issuer's keys can't be had.
    """
    if not isinstance(token, str):
        raise TokenRejected("malformed")
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRejected("too_large")
    key = _key(issuer, _header(token), now)
    claims = _parsed(signed_payload(token, key))
    expected = replace(
        issuer,
        issuer=openid_issuer,
        audiences=(client_id,),
        max_lifetime=LONGEST_LIFETIME,
    )
    verified = _verified(expected, claims, now)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", client_id if len(audiences) == 1 else None) != client_id:
        raise TokenRejected("audience")
    if nonce is None or claims.get("nonce") != nonce:
        raise TokenRejected("nonce")
    if verified.issued_at < now - ID_TOKEN_AGE - LEEWAY:
        raise TokenRejected("expired")
    signed_in_at = verified.authenticated_at or verified.issued_at
    return replace(verified, issuer=issuer, issued_at=signed_in_at)


# --- Tokens seen before -------------------------------------------------------

_seen: OrderedDict[bytes, tuple[float, VerifiedToken]] = OrderedDict()
_seen_lock = threading.Lock()


def forget_tokens() -> None:
    """Verify every token anew from here on."""
    with _seen_lock:
        _seen.clear()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _recall(token: str, now: float) -> VerifiedToken | None:
    """Return a token verified within `REMEMBER`, if its issuer is still as it was."""
    entry = _seen.get(_digest(token))
    if entry is None:
        return None
    until, verified = entry
    is_trusted = trusted_issuers().get(verified.issuer.issuer) is verified.issuer
    return verified if now < until and is_trusted else None


def _remember(token: str, verified: VerifiedToken, now: float) -> None:
    until = min(float(verified.expires_at), now + REMEMBER)
    with _seen_lock:
        _seen[_digest(token)] = (until, verified)
        while len(_seen) > REMEMBER_MOST:
            _seen.popitem(last=False)
