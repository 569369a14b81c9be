"""Personal access tokens: their text, and how one is made, found and revoked.

    own_pat_ + 30 random characters + 6 characters of CRC-32 of everything before

Secret scanners find this form, and a typing error is refused without a query.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from accounts import events
from accounts.credentials import Credential, lock_if_current
from accounts.devices import client_of
from accounts.models import REQUEST_FIELDS, PersonalAccessToken, SecurityEvent, User
from config.api.scopes import SCOPES, with_included, without_included
from config.compiled_queries import CompiledQuery, instance

KIND = "personal-token"  # of the credential
PREFIX = "own_pat_"
PATTERN = r"own_pat_[0-9A-Za-z]{36}"  # for secret scanners
MOST = 50  # live ones of a user
MAX_DAYS = 366
NOTED_EVERY = timedelta(minutes=1)  # the last use

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 30, 6  # characters
_FORM = re.compile(PATTERN)


class TooManyTokens(Exception):
    """The user has as many live tokens as allowed."""

    text = f"You have {MOST} access tokens. Revoke one that you no longer need first."


# --- The text ---------------------------------------------------------------------


def new_text() -> str:
    """Return the text of a new token."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def digest_of(text: str) -> str | None:
    """Return what is stored of a text, None if its form or checksum is wrong."""
    if len(text) != len(PREFIX) + _RANDOM + _CHECK or not _FORM.fullmatch(text):
        return None
    if _checksum(text[:-_CHECK]) != text[-_CHECK:]:
        return None
    return sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


# --- During a request -------------------------------------------------------------


class TokenRefused(Exception):
    """The text authenticates nobody; the message says why, for the log."""


_COLUMNS = (
    "id",
    "scopes",
    "lists",
    "epoch",
    "expires_at",
    "last_used_at",
    "revoked_at",
)
# The token and its user in one query.
_TOKEN = CompiledQuery(
    [*_COLUMNS, *(f"user__{name}" for name in REQUEST_FIELDS)],
    lambda digest: PersonalAccessToken.objects.filter(digest=digest),
)


def authenticate(
    text: str, *, request: HttpRequest, at: datetime
) -> tuple[User, Credential]:
    """Return the user and the credential of a token, and note that it was used.

    Raises:
        TokenRefused: it is unknown, or has ended.
    """
    digest = digest_of(text)
    if digest is None:
        raise TokenRefused("wrong form or checksum")
    row = _TOKEN.first(digest=digest)
    if row is None:
        raise TokenRefused("unknown")
    user = instance(User, {name: row[f"user__{name}"] for name in REQUEST_FIELDS})
    if row["expires_at"] <= at:
        raise TokenRefused("expired")
    if row["revoked_at"] is not None or row["epoch"] != user.credential_epoch:
        raise TokenRefused("ended by its user")
    if not user.is_active:
        raise TokenRefused("no active user")
    _note_use(row, request, at)
    lists = row["lists"]
    credential = Credential(
        KIND,
        str(row["id"]),
        scopes=with_included(row["scopes"].split()),
        lists=None if lists is None else frozenset(UUID(key) for key in lists),
    )
    user.visible_lists = credential.lists
    return user, credential


def _note_use(row: dict[str, Any], request: HttpRequest, at: datetime) -> None:
    """Store when and where it is used, once in a while, by one of several requests."""
    last = row["last_used_at"]
    if last is None or at - last >= NOTED_EVERY:
        same = PersonalAccessToken.objects.filter(pk=row["id"], last_used_at=last)
        client = client_of(request)
        same.update(last_used_at=at, device=client.device, network=client.network)


# --- Its life ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """What a new token may do, and until when. `lists` is None for all lists."""

    scopes: Collection[str]
    expires_at: datetime
    lists: Collection[UUID] | None = None


@transaction.atomic
def create(
    *, user: User, name: str, limits: Limits, at: datetime
) -> tuple[PersonalAccessToken, str]:
    """Store a new token; return it with its text, which can't be read again.

    The caller has checked that `name` is clean text and that the lists are the user's.

    Raises:
        TooManyTokens: the user has `MOST` already.
        CredentialEnded: as `lock_if_current` does.
    """
    if not limits.scopes or set(limits.scopes) - SCOPES.keys():
        raise ValueError("unknown scopes")
    if not at < limits.expires_at <= at + timedelta(days=MAX_DAYS):
        raise ValueError("the expiry is out of range")
    locked = lock_if_current(user)
    if PersonalAccessToken.objects.filter(user=user).live(at=at).count() >= MOST:
        raise TooManyTokens
    text = new_text()
    lists = limits.lists
    token = PersonalAccessToken.objects.create(
        user=user,
        name=name,
        digest=sha256(text.encode()).hexdigest(),
        scopes=" ".join(without_included(limits.scopes)),
        lists=None if lists is None else sorted(map(str, lists)),
        epoch=locked.credential_epoch,
        created_at=at,
        expires_at=limits.expires_at,
    )
    events.record(user, SecurityEvent.Kind.TOKEN_CREATED, at=at, about=KIND)
    return token, text


@transaction.atomic
def narrow(
    *, user: User, token_id: UUID, scopes: Collection[str], at: datetime
) -> None:
    """Leave a token only those of its scopes that are among `scopes`.

    Raises:
        ValueError: none would be left.
        PersonalAccessToken.DoesNotExist: the user has no such token.
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    token = PersonalAccessToken.objects.get(user=user, pk=token_id)
    had = with_included(token.scopes.split())
    left = had & set(scopes)
    if not left:
        raise ValueError("a token needs a scope")
    if left == had:
        return
    token.scopes = " ".join(without_included(left))
    token.save(update_fields=["scopes"])
    events.record(user, SecurityEvent.Kind.TOKEN_NARROWED, at=at, about=str(token.pk))


@transaction.atomic
def revoke(*, user: User, token_id: UUID, at: datetime) -> bool:
    """End a token of the user; return whether it was live.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    epoch = lock_if_current(user).credential_epoch
    live = PersonalAccessToken.objects.filter(
        user=user, pk=token_id, revoked_at=None, expires_at__gt=at, epoch=epoch
    )
    if not live.update(revoked_at=at):
        return False
    events.record(user, SecurityEvent.Kind.CREDENTIAL_ENDED, at=at, about=KIND)
    return True
