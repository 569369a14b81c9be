"""Our own JWTs: their claims, lifetime and rotation.

An access token lives for minutes and is verified without a store. A refresh token lives
for days and belongs to a family: all tokens that came from one sign-in. Each rotation
begins the next generation of the family. If a token of an earlier generation is used
again, two parties have tokens of the family, so the whole family is revoked (RFC 9700
section 4.14.2).
"""

import hashlib
import json
import logging
import time
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
from jwt.algorithms import AllowedPublicKeys
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings

from accounts import events
from accounts.credentials import CredentialEnded, lock_if_current
from accounts.devices import Client
from accounts.models import LinkedIdentity, RefreshFamily, SecurityEvent, User

logger = logging.getLogger(__name__)

MAX_FAMILIES = 100  # live sign-ins of one user
# Our machines have clocks of their own, and a clock can be set back.
LEEWAY = 60  # seconds that a token may have been issued in the future
MAX_TOKEN_LENGTH = 4096  # ours have about 500 characters
LAST_SECOND = 253_402_300_799  # of the year 9999, the maximum of `datetime`
REQUIRED_CLAIMS = [
    *("exp", "iat", "iss", "aud", "sub", "jti", "typ", "epoch", "family", "pair"),
]


Claims = dict[str, Any]


class OwnTokenBackend(TokenBackend):
    """simplejwt's signing and verification, with stricter checks of the claims."""

    def encode(self, payload: Claims) -> str:
        """Sign the claims, with the id of the key in the header if it is published."""
        claims = payload | {"aud": self.audience, "iss": self.issuer}
        headers = {"kid": key_id()} if self.algorithm == "EdDSA" else None
        return jwt.encode(
            claims, self.prepared_signing_key, algorithm=self.algorithm, headers=headers
        )

    @property
    def verification_key(self) -> AllowedPublicKeys | bytes:
        """The key that verifies tokens: the secret itself under HS256."""
        key: AllowedPublicKeys | bytes = (
            self.prepared_signing_key
            if self.algorithm == "HS256"
            else self.prepared_verifying_key
        )
        return key

    def decode(self, token: object, verify: bool = True) -> Claims:
        """Verify signature, issuer, audience, times and presence of every claim.

        Raises:
            TokenError: the token is not valid, whatever the reason.
        """
        if not isinstance(token, str | bytes) or len(token) > MAX_TOKEN_LENGTH:
            raise TokenError("Token is invalid")
        try:
            claims: Claims = jwt.decode(
                token,
                self.verification_key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={
                    "require": REQUIRED_CLAIMS,
                    "strict_aud": True,
                    "verify_iat": False,  # below, with leeway
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
            raise TokenError("Token is invalid") from exc
        if any(type(claims[name]) is not int for name in ("exp", "iat", "epoch")):
            raise TokenError("Token is invalid")
        if claims["exp"] > LAST_SECOND or claims["iat"] > time.time() + LEEWAY:
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
    assert isinstance(key, Ed25519PrivateKey)  # config.E012 checks it at start
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


# The settings that decide which tokens are ours.
KEY_SETTINGS = {"JWT_PRIVATE_KEY", "JWT_SIGNING_KEY", "SIMPLE_JWT"}


def _forget_settings(*, setting: str, **kwargs: object) -> None:
    if setting in KEY_SETTINGS:
        token_backend.cache_clear()
        key_id.cache_clear()


setting_changed.connect(_forget_settings)


class _OwnToken(tokens.Token):
    """What both kinds share: the user, the credential epoch, and the sign-in."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Verify a token of this kind.

        Raises:
            TokenError: we didn't issue it, or it is not valid any more.
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
        # simplejwt shows the claims, which must not reach a traceback or the log.
        return f"<{type(self).__name__}>"

    @property
    def user_id(self) -> UUID:
        return UUID(self.payload["sub"])

    @property
    def family_id(self) -> UUID:
        return UUID(self.payload["family"])

    @property
    def pair(self) -> UUID:
        """The id that an access token shares with the refresh token issued with it."""
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
        """Issue a new token of `family`; it never outlives the family."""
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
    """Authenticates for a few minutes. Claim `typ` is `access`."""

    lifetime = api_settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(_OwnToken, tokens.RefreshToken):  # type: ignore[misc]  # simplejwt's
    """Is exchanged once for the next pair. Claim `typ` is `refresh`."""

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
    """An access token and the refresh token issued with it."""

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
    client: Client = Client(),  # noqa: B008 - immutable
) -> TokenPair:
    """Begin a sign-in by token and return its first pair.

    `authenticated_at` is when the user proved who they are, None if unknown; every pair
    of the family inherits it. `identity` is the id of the linked identity whose token
    was exchanged; the family ends when that is unlinked. `client` is where it was done.
    If the user has too many sign-ins, the one that was unused for longest ends.

    Raises:
        CredentialEnded: the credential of the request has ended meanwhile, or the
            identity was unlinked or suspended.
    """
    with transaction.atomic():
        lock_if_current(user)
        if identity is not None and not _is_live(identity, user):
            raise CredentialEnded
        family = RefreshFamily.objects.create(
            user=user,
            identity_id=identity,
            epoch=user.credential_epoch,
            authenticated_at=authenticated_at,
            created_at=at,
            refreshed_at=at,
            expires_at=at + settings.REFRESH_FAMILY_LIFETIME,
            device=client.device,
            network=client.network,
        )
        _end_surplus(user, at=at)
    return _pair_of(family)


def _end_surplus(user: User, *, at: datetime) -> None:
    live = RefreshFamily.objects.filter(user=user).live(at=at)
    by_use = live.order_by("-refreshed_at", "-pk").values_list("pk", flat=True)
    if surplus := list(by_use[MAX_FAMILIES:]):
        RefreshFamily.objects.filter(pk__in=surplus).update(revoked_at=at)


def _is_live(identity: UUID, user: User) -> bool:
    live = LinkedIdentity.objects.filter(pk=identity, user=user, suspended_at=None)
    return live.exists()


def _pair_of(family: RefreshFamily) -> TokenPair:
    pair = uuid4()
    return TokenPair(
        access=str(AccessToken.of_family(family, pair=pair)),
        refresh=str(RefreshToken.of_family(family, pair=pair)),
    )


def rotate(
    *,
    refresh: str,
    at: datetime,
    client: Client = Client(),  # noqa: B008 - immutable
) -> TokenPair:
    """Exchange a refresh token for the next pair.

    A token of the family's current generation begins the next generation. A token of
    the previous generation returns another pair of the current one for
    `REFRESH_REUSE_GRACE`: the response may have been lost, or two tabs may have raced.
    Any other token revokes the family. So a stolen copy is detected as soon as both
    holders have used their tokens.

    Raises:
        TokenError: the token, its family or its user is not valid any more.
    """
    token = RefreshToken.read(refresh)
    with transaction.atomic():
        # The lock serialises concurrent uses.
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
            family.device, family.network = client.device, client.network
            family.save(
                update_fields=["generation", "refreshed_at", "device", "network"]
            )
            return _pair_of(family)
        if _is_within_grace(token, family, at):
            return _pair_of(family)
        _revoke(family, at=at)
        events.record(family.user, SecurityEvent.Kind.TOKEN_REUSED, at=at)
    # Raised after the transaction, so that the revocation is committed.
    raise TokenError("Token is invalid")


def _is_of_epoch(token: RefreshToken, family: RefreshFamily) -> bool:
    """Tell whether the token survived the last change of password.

    A change ends the other tokens of a family that it keeps. Using one of those is
    not a sign of theft.
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
    """Sign out: revoke the family of this refresh token, if it isn't already.

    Raises:
        TokenError: it is not a valid refresh token.
    """
    token = RefreshToken.read(refresh)
    RefreshFamily.objects.filter(
        pk=token.family_id, user_id=token.user_id, revoked_at=None
    ).update(revoked_at=at)
