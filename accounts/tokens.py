"""Our own JWTs: what they claim, how long they live, how they are rotated.

An access token lives minutes and is verified without a look into any store. A refresh
token lives days and belongs to a family: all the tokens that one sign-in led to. Each
rotation begins the family's next generation. A token of an earlier one that comes again
means that two parties hold the family, so all of it ends (RFC 9700 section 4.14.2).
"""

import hashlib
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.signals import setting_changed
from django.db import transaction
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings

from accounts import events
from accounts.credentials import CredentialEnded, lock_if_current
from accounts.models import LinkedIdentity, RefreshFamily, SecurityEvent, User

logger = logging.getLogger(__name__)

MAX_TOKEN_LENGTH = 4096  # ours have about 500 characters
LAST_SECOND = 253_402_300_799  # of the year 9999; no date can be made of a later one
REQUIRED_CLAIMS = [
    *("exp", "iat", "iss", "aud", "sub", "jti", "typ", "epoch", "family", "pair"),
]


class OwnTokenBackend(TokenBackend):
    """simplejwt's signing and checking, stricter about what a token must claim."""

    def encode(self, payload: dict[str, Any]) -> str:
        """Sign, with the key's id in the header where the key is published."""
        claims = payload | {"aud": self.audience, "iss": self.issuer}
        headers = {"kid": key_id()} if self.algorithm == "EdDSA" else None
        return jwt.encode(
            claims, self.prepared_signing_key, algorithm=self.algorithm, headers=headers
        )

    @property
    def verification_key(self) -> Any:
        """The key that tokens are checked with: the secret itself under HS256."""
        return self.get_verifying_key(None)  # type: ignore[arg-type]  # there is one key

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Check signature, issuer, audience, times and presence of every claim.

        Raises:
            TokenError: for every other token, whatever is wrong with it.
        """
        if not isinstance(token, str | bytes) or len(token) > MAX_TOKEN_LENGTH:
            raise TokenError("Token is invalid")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.verification_key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
            raise TokenError("Token is invalid") from exc
        if any(type(claims[name]) is not int for name in ("exp", "iat", "epoch")):
            raise TokenError("Token is invalid")
        if claims["exp"] > LAST_SECOND:
            raise TokenError("Token is invalid")
        proved = claims.get("auth_time", 0)
        if type(proved) is not int or not 0 <= proved <= LAST_SECOND:
            raise TokenError("Token is invalid")
        return claims


@cache
def token_backend() -> OwnTokenBackend:
    """Return the backend for the current settings."""
    private_key = settings.JWT_PRIVATE_KEY
    return OwnTokenBackend(
        algorithm="EdDSA" if private_key else "HS256",
        signing_key=private_key or settings.JWT_SIGNING_KEY,
        verifying_key=_public_key_pem(private_key) if private_key else "",
        audience=settings.SIMPLE_JWT["AUDIENCE"],
        issuer=settings.SIMPLE_JWT["ISSUER"],
    )


def _private_key(pem: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, Ed25519PrivateKey)  # checked at start: config.E012
    return key


def _public_key_pem(pem: str) -> str:
    public = _private_key(pem).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def published_keys() -> list[dict[str, str]]:
    """Return the public keys that verify our tokens, as JWKs (RFC 8037 section 2)."""
    if not settings.JWT_PRIVATE_KEY:
        return []
    public = _private_key(settings.JWT_PRIVATE_KEY).public_key()
    x = _base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    key = {"crv": "Ed25519", "kty": "OKP", "x": x}
    thumbprint = hashlib.sha256(json.dumps(key, separators=(",", ":")).encode())
    return [
        key | {"alg": "EdDSA", "use": "sig", "kid": _base64url(thumbprint.digest())}
    ]


@cache
def key_id() -> str:
    """Return the published key's id, its thumbprint (RFC 7638)."""
    return published_keys()[0]["kid"]


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _forget_settings(*, setting: str, **kwargs: Any) -> None:
    if setting in {"JWT_PRIVATE_KEY", "JWT_SIGNING_KEY", "SIMPLE_JWT"}:
        token_backend.cache_clear()
        key_id.cache_clear()


setting_changed.connect(_forget_settings)


class _OwnToken(tokens.Token):
    """What both kinds share: whose it is, under which epoch, from which sign-in."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Verify a token of this kind.

        Raises:
            TokenError: it is not one that we issued and that still holds.
        """
        return cls(text)  # type: ignore[arg-type]  # simplejwt annotates it wrongly

    @property
    def token_backend(self) -> OwnTokenBackend:
        return token_backend()

    def verify(self) -> None:
        super().verify()
        for claim in ("sub", "family", "pair"):
            try:
                UUID(self.payload[claim])
            except (ValueError, TypeError, AttributeError) as exc:
                raise TokenError("Token is invalid") from exc

    def __repr__(self) -> str:
        # simplejwt shows the claims; a traceback or log must not.
        return f"<{type(self).__name__}>"

    @property
    def user_id(self) -> UUID:
        return UUID(self.payload["sub"])

    @property
    def family_id(self) -> UUID:
        return UUID(self.payload["family"])

    @property
    def pair(self) -> UUID:
        """What an access token and the refresh token issued beside it share."""
        return UUID(self.payload["pair"])

    @property
    def epoch(self) -> int:
        return int(self.payload["epoch"])

    @property
    def authenticated_at(self) -> datetime | None:
        """When the user last proved who they are, to the second; None if unknown."""
        proved = self.payload.get("auth_time")
        return None if proved is None else datetime.fromtimestamp(proved, UTC)

    @classmethod
    def of_family(cls, family: RefreshFamily, *, pair: UUID) -> Self:
        """Make a fresh token of `family`; it never outlives the family."""
        token = cls()
        token["sub"] = str(family.user_id)
        token["family"] = str(family.pk)
        token["pair"] = str(pair)
        token["epoch"] = family.epoch
        if family.authenticated_at is not None:
            token["auth_time"] = int(family.authenticated_at.timestamp())
        token["exp"] = min(token["exp"], int(family.expires_at.timestamp()))
        return token


class AccessToken(_OwnToken, tokens.AccessToken):
    """Opens the API for a few minutes. Claim `typ` is `access`."""

    lifetime = api_settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(_OwnToken, tokens.RefreshToken):  # type: ignore[misc]  # theirs
    """Is exchanged, once, for the next pair. Claim `typ` is `refresh`."""

    lifetime = api_settings.REFRESH_TOKEN_LIFETIME

    def verify(self) -> None:
        super().verify()
        if type(self.payload.get("generation")) is not int:
            raise TokenError("Token is invalid")

    @property
    def generation(self) -> int:
        return int(self.payload["generation"])

    @classmethod
    def of_family(cls, family: RefreshFamily, *, pair: UUID) -> Self:
        token = super().of_family(family, pair=pair)
        token["generation"] = family.generation
        return token


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and the refresh token that leads on from it."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "<TokenPair>"

    def as_dict(self) -> Mapping[str, str]:
        return {"access": self.access, "refresh": self.refresh}


def start_family(
    *,
    user: User,
    at: datetime,
    authenticated_at: datetime | None = None,
    identity: UUID | None = None,
) -> TokenPair:
    """Begin a sign-in by token and return its first pair.

    `authenticated_at` is when the user proved who they are, None if nobody knows; every
    pair of the family inherits it. With `identity`, the linked identity that it was
    exchanged for: it ends when that is unlinked.

    Raises:
        CredentialEnded: what the user was authenticated by has ended meanwhile, or the
            identity has.
    """
    with transaction.atomic():
        lock_if_current(user)
        if identity is not None and not _speaks_for(identity, user):
            raise CredentialEnded
        family = RefreshFamily.objects.create(
            user=user,
            identity_id=identity,
            epoch=user.credential_epoch,
            authenticated_at=authenticated_at,
            created_at=at,
            refreshed_at=at,
            expires_at=at + settings.REFRESH_FAMILY_LIFETIME,
        )
    return _pair_of(family)


def _speaks_for(identity: UUID, user: User) -> bool:
    live = LinkedIdentity.objects.filter(pk=identity, user=user, suspended_at=None)
    return live.exists()


def _pair_of(family: RefreshFamily) -> TokenPair:
    pair = uuid4()
    return TokenPair(
        access=str(AccessToken.of_family(family, pair=pair)),
        refresh=str(RefreshToken.of_family(family, pair=pair)),
    )


def rotate(*, refresh: str, at: datetime) -> TokenPair:
    """Exchange a refresh token for the next pair.

    A token of the family's current generation begins the next one. A token of the
    previous generation, less than `REFRESH_REUSE_GRACE` after that, leads to the same
    generation as the one before: its answer may have been lost, or two tabs raced. Any
    earlier or later one revokes the family. So whoever holds a copy is found out as
    soon as both have gone on.

    Raises:
        TokenError: the token, its family or its user doesn't hold any more.
    """
    token = RefreshToken.read(refresh)
    with transaction.atomic():
        # The lock makes two uses at once come one after the other.
        family = (
            RefreshFamily.objects.select_for_update(of=("self",))
            .live(at=at)
            .of_current_epoch()
            .filter(pk=token.family_id, user_id=token.user_id, user__is_active=True)
            .select_related("user")
            .first()
        )
        if family is None or not _is_of_epoch(token, family):
            raise TokenError("Token is invalid")
        if token.generation == family.generation:
            family.generation += 1
            family.refreshed_at = at
            family.save(update_fields=["generation", "refreshed_at"])
            return _pair_of(family)
        if _is_within_grace(token, family, at):
            return _pair_of(family)
        _revoke(family, at=at)
        events.record(family.user, SecurityEvent.Kind.TOKEN_REUSED, at=at)
    # Raised outside the transaction: the revocation must stay.
    raise TokenError("Token is invalid")


def _is_of_epoch(token: RefreshToken, family: RefreshFamily) -> bool:
    """Tell whether no change of password has ended the token in a family that it kept.

    Others ended as any credential did; to hold one is no sign of theft.
    """
    return token.epoch == family.epoch or token.pair == family.kept_pair


def _is_within_grace(token: RefreshToken, family: RefreshFamily, at: datetime) -> bool:
    grace: timedelta = settings.REFRESH_REUSE_GRACE
    was_current = token.generation == family.generation - 1
    return was_current and at - family.refreshed_at <= grace


def _revoke(family: RefreshFamily, *, at: datetime) -> None:
    family.revoked_at = at
    family.save(update_fields=["revoked_at"])


def end_family(*, refresh: str, at: datetime) -> None:
    """Sign out: end the family of this refresh token. Doing it twice is no error.

    Raises:
        TokenError: this is no refresh token of ours.
    """
    token = RefreshToken.read(refresh)
    RefreshFamily.objects.filter(
        pk=token.family_id, user_id=token.user_id, revoked_at=None
    ).update(revoked_at=at)
