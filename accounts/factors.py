"""Second factors: passkeys, codes of an authenticator app, and recovery codes.

Each is a row of allauth's `Authenticator`. Passkeys and authenticator apps make a
sign-in require a second step; recovery codes replace them if they are lost. Whatever
reads or changes the factors of a user does it here, under the lock on the user, so that
no code works twice and no factor is added with a credential that has ended.
"""

import logging
import re
import secrets
from base64 import b32decode, b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import events
from accounts.credentials import end_all, lock_if_current
from accounts.factor_secrets import Undecryptable, decrypt, encrypt
from accounts.models import SecurityEvent, TrustedBrowser, User

logger = logging.getLogger(__name__)

Kind = Authenticator.Type
PASSKEY, APP, CODES = Kind.WEBAUTHN, Kind.TOTP, Kind.RECOVERY_CODES
# What makes a sign-in require a second step.
REQUIRED_BY = (PASSKEY, APP)
# How security events call them.
ABOUT = {PASSKEY: "passkey", APP: "totp", CODES: "recovery codes"}

MAX_PASSKEYS = 20
MAX_NAME_LENGTH = 50
# A code is valid for this many seconds, and for as many before and after.
TOTP_SECONDS = 30
CODE_PATTERN = re.compile(r"\d{6}|\d{8}", re.ASCII)
MAX_CODE_LENGTH = 20  # with spaces between the digits
# Recovery codes can be seen for this long from the first time on.
CODES_SHOWN_FOR = timedelta(minutes=10)


class WrongCode(Exception):
    """The code is not the one that the app shows now."""


class TooManyPasskeys(Exception):
    """The user has `MAX_PASSKEYS` already."""


class AlreadyAdded(Exception):
    """The user has this factor already, maybe since a moment ago in another tab."""


class NoFactor(Exception):
    """The user has neither a passkey nor an authenticator app (any more)."""


# --- Which a user has ---------------------------------------------------------------


def connect() -> None:
    """Keep `User.factor_since` up to date, whatever adds or deletes a factor.

    The browsers that skip the second step are trusted no longer then.
    """
    post_save.connect(_update_user, sender=Authenticator)
    post_delete.connect(_update_user, sender=Authenticator)


def _update_user(
    instance: Authenticator, *, created: bool = True, **kwargs: object
) -> None:
    if instance.type not in REQUIRED_BY or not created:
        return
    TrustedBrowser.objects.filter(user=instance.user_id).delete()
    users = User.objects.filter(pk=instance.user_id)
    if _required(instance.user_id).exists():
        users.filter(factor_since=None).update(factor_since=timezone.now())
    else:
        users.update(factor_since=None)


def _required(user_id: object) -> Any:
    return Authenticator.objects.filter(user_id=user_id, type__in=REQUIRED_BY)


def factors_of(user: User) -> list[Authenticator]:
    """Return the factors of the user, oldest first."""
    return list(Authenticator.objects.filter(user_id=user.pk).order_by("pk"))


def fingerprint(user: User) -> str:
    """Return a text that changes with the factors of the user and with their epoch."""
    rows = _required(user.pk).order_by("pk").values_list("pk", flat=True)
    return f"{user.pk}:{user.credential_epoch}:{','.join(map(str, rows))}"


# --- Codes ----------------------------------------------------------------------------


def normalised_code(text: str) -> str:
    """Return the digits of a code as it was typed, empty if it can't be a code."""
    if len(text) > MAX_CODE_LENGTH:
        return ""
    digits = re.sub(r"[\s-]", "", text)
    return digits if CODE_PATTERN.fullmatch(digits) else ""


@transaction.atomic
def use_code(*, user: User, code: str, at: datetime) -> str | None:
    """Use up a code of the app, or a recovery code; return which, None if it is wrong.

    A code of the app is refused if it, or a later one, was used before.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user, may_be_leaving=True)
    digits = normalised_code(code)
    rows = Authenticator.objects.filter(user_id=user.pk, type__in=(APP, CODES))
    used = next((row for row in rows if digits and _accepts(row, digits, at)), None)
    if used is None:
        events.record_wrong_factor(user, at=at, about="code")
        return None
    Authenticator.objects.filter(pk=used.pk).update(last_used_at=at)
    if used.type == CODES:
        events.record(user, SecurityEvent.Kind.CODE_USED, at=at, about=ABOUT[CODES])
    return str(used.type)


def _accepts(row: Any, digits: str, at: datetime) -> bool:
    try:
        if row.type == CODES:
            return bool(row.wrap().validate_code(digits))
        step = _step_of(
            digits, decrypt(row.data["secret"]), at=at, after=row.data["last_step"]
        )
    except Undecryptable:
        logger.error("second factor can't be decrypted", extra={"kind": row.type})
        return False
    if step is None:
        return False
    row.data["last_step"] = step
    row.save(update_fields=["data"])
    return True


def _step_of(digits: str, secret: str, *, at: datetime, after: int) -> int | None:
    """Return the time step whose code this is, None unless it is later than `after`.

    The step before and the one after are accepted too, for clocks that are slow or fast
    (RFC 6238 section 5.2).
    """
    totp = TOTP(b32decode(secret), 6, SHA1(), TOTP_SECONDS, enforce_key_length=False)  # noqa: S303 - as every app
    now = int(at.timestamp()) // TOTP_SECONDS
    found = None
    for step in (now - 1, now, now + 1):
        expected = totp.generate(step * TOTP_SECONDS).decode()
        if constant_time_compare(expected, digits) and step > after:
            found = step
    return found


# --- Adding ---------------------------------------------------------------------------


def new_app_secret() -> str:
    """Return a random secret for an authenticator app, in base32."""
    return b32encode(secrets.token_bytes(20)).decode()


@transaction.atomic
def add_app(*, user: User, secret: str, code: str, at: datetime) -> None:
    """Add an authenticator app that was given `secret` and shows `code`.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        AlreadyAdded: the user has an app.
        WrongCode: its clock or its secret is another.
    """
    lock_if_current(user)
    if Authenticator.objects.filter(user_id=user.pk, type=APP).exists():
        raise AlreadyAdded
    step = _step_of(normalised_code(code), secret, at=at, after=0)
    if step is None:
        raise WrongCode
    _add(user, APP, {"secret": encrypt(secret), "last_step": step}, at=at)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is stored of a passkey: ids and keys in URL-safe base64.

    `signs_in` tells whether it may sign in alone: it verified its user by PIN or
    biometrics when it was made, and it can be found without a name.
    """

    credential: str
    credential_id: str
    sign_count: int
    signs_in: bool
    transports: tuple[str, ...] = ()


@transaction.atomic
def add_passkey(*, user: User, passkey: NewPasskey, name: str, at: datetime) -> None:
    """Add a passkey, under a name that the user chose.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        AlreadyAdded: it was added already.
        TooManyPasskeys: there are too many.
    """
    lock_if_current(user)
    known = passkeys_of(user)
    if any(row.data["credential_id"] == passkey.credential_id for row in known):
        raise AlreadyAdded
    if len(known) >= MAX_PASSKEYS:
        raise TooManyPasskeys
    data = {
        "name": name,
        "credential": passkey.credential,
        "credential_id": passkey.credential_id,
        "sign_count": passkey.sign_count,
        "signs_in": passkey.signs_in,
        "transports": list(passkey.transports),
    }
    _add(user, PASSKEY, data, at=at)


def passkeys_of(user: User) -> list[Authenticator]:
    """Return the passkeys of the user, oldest first."""
    return [row for row in factors_of(user) if row.type == PASSKEY]


@transaction.atomic
def rename_passkey(*, user: User, pk: int, name: str) -> bool:
    """Give a passkey another name; return whether it is still there.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    row = Authenticator.objects.filter(user_id=user.pk, type=PASSKEY, pk=pk).first()
    if row is None:
        return False
    row.data["name"] = name
    row.save(update_fields=["data"])
    return True


def _add(user: User, kind: Kind, data: dict[str, Any], *, at: datetime) -> None:
    """Store a factor and, with the first one, recovery codes."""
    Authenticator.objects.create(user=user, type=kind, data=data, created_at=at)
    if not Authenticator.objects.filter(user_id=user.pk, type=CODES).exists():
        _create_codes(user, at=at)
    user.refresh_from_db(fields=["factor_since"])
    events.record(user, SecurityEvent.Kind.FACTOR_ADDED, at=at, about=ABOUT[kind])


# --- Recovery codes -------------------------------------------------------------------


def _create_codes(user: User, *, at: datetime) -> None:
    data = {"seed": encrypt(secrets.token_hex(40)), "used_mask": 0}
    Authenticator.objects.create(user=user, type=CODES, data=data, created_at=at)


@transaction.atomic
def replace_codes(*, user: User, at: datetime) -> None:
    """Replace the recovery codes by new ones that have not been seen.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        NoFactor: there is no factor that they could replace.
    """
    if not lock_if_current(user).has_factor:
        raise NoFactor
    Authenticator.objects.filter(user_id=user.pk, type=CODES).delete()
    _create_codes(user, at=at)
    events.record(user, SecurityEvent.Kind.CODES_CREATED, at=at, about=ABOUT[CODES])


@transaction.atomic
def show_codes(*, user: User, at: datetime) -> list[str] | None:
    """Return the unused recovery codes, None once the time to see them is over.

    That time begins with the first call.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        NoFactor: there are no codes.
    """
    lock_if_current(user)
    row = Authenticator.objects.filter(user_id=user.pk, type=CODES).first()
    if row is None:
        raise NoFactor
    viewed_at = row.data.get("viewed_at")
    if viewed_at is None:
        row.data["viewed_at"] = at.timestamp()
        row.save(update_fields=["data"])
    elif at.timestamp() - viewed_at >= CODES_SHOWN_FOR.total_seconds():
        return None
    try:
        return list(row.wrap().get_unused_codes())
    except Undecryptable:
        logger.error("second factor can't be decrypted", extra={"kind": row.type})
        return None


def codes_left(rows: Iterable[Authenticator]) -> int | None:
    """Count the unused codes among these factors of a user, None without any."""
    row = next((one for one in rows if one.type == CODES), None)
    if row is None:
        return None
    return (
        int(settings.MFA_RECOVERY_CODE_COUNT) - int(row.data["used_mask"]).bit_count()
    )


# --- Removing -------------------------------------------------------------------------


@transaction.atomic
def remove(*, user: User, pk: int, at: datetime) -> bool:
    """Remove a passkey or the app, and with the last of them the recovery codes.

    Returns whether this call removed it; another tab may have been first.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    row = _required(user.pk).filter(pk=pk).first()
    if row is None:
        return False
    row.delete()
    if not _required(user.pk).exists():
        Authenticator.objects.filter(user_id=user.pk).delete()
    user.refresh_from_db(fields=["factor_since"])
    about = ABOUT[Kind(row.type)]
    events.record(user, SecurityEvent.Kind.FACTOR_REMOVED, at=at, about=about)
    return True


@transaction.atomic
def reset(*, user: User, at: datetime, by: User | None = None) -> None:
    """Remove every factor of a user who has lost them.

    `by` is the member of staff who does it, None for a command on the server.

    Every credential ends with them: whoever holds one must sign in again.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    Authenticator.objects.filter(user_id=user.pk).delete()
    user.refresh_from_db(fields=["factor_since"])
    end_all(user=user, at=at)
    events.record(user, SecurityEvent.Kind.FACTOR_REMOVED, at=at, by=by, about="all")
