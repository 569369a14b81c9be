"""Verify a Better Auth token and return its claims.

The checks have one order for every token (RFC 8725): size and syntax, type, algorithm,
the issuer named by the unverified `iss`, the key of that issuer, signature, claims.
"""

import base64
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import jwt

from accounts.better_auth.exceptions import TokenRejected
from accounts.better_auth.issuers import LONGEST_LIFETIME, Issuer, trusted_issuers
from accounts.better_auth.keys import MAX_KEY_ID, VerificationKey, key_for
from accounts.verified_tokens import VerifiedTokens

MAX_TOKEN_LENGTH = 8 * 1024
LEEWAY = 60  # seconds that the issuer's clock may differ from ours
MAX_SUBJECT = 255  # characters
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format, separators
MAX_TIME = 2**33  # seconds since the epoch: the year 2242
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]

# The maximum age of an id token: the request that fetches it also verifies it.
ID_TOKEN_AGE = 5 * 60  # seconds


JsonObject = dict[str, Any]
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A verified token: `issuer` vouched for `subject` at `issued_at`.

    `claims` are all claims as sent; only times, issuer, audience and subject are
    checked. Times are seconds since the epoch. `authenticated_at` is when the subject
    last proved who they are, None if the issuer doesn't say.
    """

    issuer: Issuer
    subject: str
    issued_at: int
    expires_at: int
    claims: Claims
    authenticated_at: int | None = None

    def __repr__(self) -> str:
        return f"<VerifiedToken of {self.issuer.issuer}>"


def unverified_issuer(token: str) -> str | None:
    """Return the unverified `iss`, only to choose the authentication class.

    Returns None if it can't be read.
    """
    issuer = unverified_claims(token).get("iss")
    return issuer if isinstance(issuer, str) else None


def unverified_claims(token: str) -> JsonObject:
    """Return the unverified claims of a token, none if it can't be read."""
    if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:
        return {}
    try:
        return _json_object(token.split(".")[1])
    except TokenRejected:
        return {}


def recently_verified(token: str, *, now: float) -> VerifiedToken | None:
    """Return what `verify` returned for the token a moment ago, None if it did not."""
    known = _known.get(token, now=now)
    return known if known is not None and _is_current(known.issuer) else None


def verify(token: str, *, now: float) -> VerifiedToken:
    """Verify a Better Auth JWT; `now` is in seconds since the epoch.

    Raises:
        TokenRejected: it is refused; the reason is for the log only.
        KeysUnavailable: the keys of its issuer can't be fetched.
    """
    if known := recently_verified(token, now=now):
        return known
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRejected("too_large")
    header = _header(token)
    named = _json_object(token.split(".")[1]).get("iss")
    issuer = trusted_issuers().get(named) if isinstance(named, str) else None
    if issuer is None:
        raise TokenRejected("issuer")
    if header.get("alg") not in issuer.algorithms:
        raise TokenRejected("algorithm")
    payload = _signed(token, header, _key(issuer, header, now))
    verified = _verified(issuer, _parsed(payload), now)
    _known.add(token, verified, expires_at=verified.expires_at, now=now)
    return verified


# In addition to the age of the key set, a withdrawn key is noticed this much later.
_known = VerifiedTokens[VerifiedToken]()
forget_tokens = _known.forget


def _is_current(issuer: Issuer) -> bool:
    """Tell whether the issuer is still trusted, with the same settings."""
    return trusted_issuers().get(issuer.issuer) is issuer


def _header(token: str) -> JsonObject:
    """Return the header of a token with the syntax and the type of an API token."""
    parts = token.split(".")
    if len(parts) != 3 or not all(_is_canonical(part) for part in parts):
        raise TokenRejected("malformed")
    header = _json_object(parts[0])
    # API tokens of Better Auth have no type. Other kinds that it signs with the same
    # keys have one each, and must be refused (RFC 8725 section 3.12).
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise TokenRejected("type")
    if "crit" in header or "b64" in header:
        raise TokenRejected("malformed")
    return header


def _is_canonical(segment: str) -> bool:
    """Tell whether a segment is canonical base64url (RFC 7515 section 2)."""
    try:
        octets = _octets(segment)
    except ValueError:
        return False
    spelled = base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    return bool(octets) and spelled == segment


def _octets(segment: str) -> bytes:
    padded = segment + "=" * (-len(segment) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _json_object(segment: str) -> JsonObject:
    """Return the JSON object of a segment; duplicate keys are refused."""
    try:
        octets = _octets(segment)
    except ValueError as exc:
        raise TokenRejected("malformed") from exc
    return _parsed(octets)


def _parsed(octets: bytes) -> JsonObject:
    try:
        value = json.loads(octets.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as exc:
        raise TokenRejected("malformed") from exc
    if not isinstance(value, dict):
        raise TokenRejected("malformed")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("duplicate key")
    return value


def _key(issuer: Issuer, header: Claims, now: float) -> VerificationKey:
    if issuer.shared_secret:
        return VerificationKey("HS256", issuer.shared_secret.encode())
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
        raise TokenRejected("key_id")
    return key_for(issuer, key_id, now=now)


def signed_payload(token: str, key: VerificationKey) -> bytes:
    """Return the payload, signed with `key` and the algorithm of that key.

    Raises:
        TokenRejected: the syntax, type, algorithm or signature is wrong.
    """
    return _signed(token, _header(token), key)


def _signed(token: str, header: Claims, key: VerificationKey) -> bytes:
    """Return the signed payload of a token with this header, whose syntax is checked.

    The signature is verified without `PyJWS.decode`, which checks the syntax again, by
    each character: a quarter of the time of a token.
    """
    if header.get("alg") != key.algorithm:
        raise TokenRejected("algorithm")
    signing_input, _, signature = token.rpartition(".")
    try:
        algorithm = _jws.get_algorithm_by_name(key.algorithm)
        prepared = algorithm.prepare_key(key.key)
        is_right = algorithm.verify(
            signing_input.encode("ascii"), prepared, _octets(signature)
        )
    except (jwt.PyJWTError, ValueError, TypeError) as exc:
        raise TokenRejected("malformed") from exc
    if not is_right:
        raise TokenRejected("signature")
    return _octets(signing_input.partition(".")[2])


_jws = jwt.PyJWS()


def _verified(issuer: Issuer, claims: Claims, now: float) -> VerifiedToken:
    """Check the claims, whose signature is verified already."""
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


def authenticated_at(claims: Claims, *, now: float) -> int | None:
    """Return a valid claim `auth_time` (OpenID Connect Core section 2), else None.

    Better Auth leaves it to the application, so invalid values are ignored.
    """
    at = claims.get("auth_time")
    if type(at) is not int or not 0 < at <= now + LEEWAY:
        return None
    return at


def _is_for_us(audience: object, issuer: Issuer) -> bool:
    """Tell whether one of the audiences is ours (RFC 7519 section 4.1.3)."""
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(one, str) and one in issuer.audiences for one in named)


def _time(claims: Claims, name: str) -> int:
    value = claims[name]
    if type(value) is not int or not 0 <= value < MAX_TIME:
        raise TokenRejected("claims")
    return value


def is_subject(value: object) -> TypeGuard[str]:
    """Tell whether a value can be the subject of a token.

    It must not be blank, nor contain surrounding spaces, control or format characters:
    two subjects that look the same to support staff must be equal.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_SUBJECT
        and value == value.strip()
        and not any(unicodedata.category(char) in INVISIBLE for char in value)
    )


# --- The id token of OpenID Connect -------------------------------------------


def verify_id_token(
    token: object,
    issuer: Issuer,
    *,
    openid_issuer: str,
    client_id: str,
    nonce: str | None,
    now: float,
) -> VerifiedToken:
    """Verify an id token from the token endpoint (OpenID Connect Core 3.1.3.7).

    It is signed with the keys of API tokens. Its `iss` is `openid_issuer`, its audience
    is our `client_id`, and its `nonce` is the one that this browser was sent with. The
    returned `issued_at` is when the user signed in there, if the server says so,
    because a sign-out everywhere ends older sign-ins.

    Raises:
        TokenRejected: it is refused; the reason is for the log only.
        KeysUnavailable: the keys of the issuer can't be fetched.
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
