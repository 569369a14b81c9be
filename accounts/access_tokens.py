"""Verifying our own access tokens, once for many requests."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.signals import setting_changed

from accounts.tokens import KEY_SETTINGS, AccessToken
from accounts.verified_tokens import VerifiedTokens


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What a verified access token says; `authenticated_at` is None if unknown."""

    user_id: UUID
    epoch: int
    family_id: UUID
    pair: UUID
    authenticated_at: datetime | None


_known = VerifiedTokens[Access]()


def verified(token: str, *, now: float) -> Access:
    """Verify an access token of ours. `now` is in seconds since the epoch.

    Raises:
        TokenError: we didn't issue it, or it is not valid any more.
    """
    access = _known.get(token, now=now)
    if access is None:
        read = AccessToken.read(token)
        access = Access(
            user_id=read.user_id,
            epoch=read.epoch,
            family_id=read.family_id,
            pair=read.pair,
            authenticated_at=read.authenticated_at,
        )
        _known.add(token, access, expires_at=read.payload["exp"], now=now)
    return access


def is_known(token: str, *, now: float) -> bool:
    """Tell whether the token was verified as ours a moment ago."""
    return _known.get(token, now=now) is not None


def _forget_settings(*, setting: str, **kwargs: object) -> None:
    if setting in KEY_SETTINGS:
        _known.forget()


setting_changed.connect(_forget_settings)
