"""The security events of an account, shown to its owner and to support staff."""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from allauth.account import signals as allauth
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import device_cookies, event_chains, event_mails
from accounts.devices import device_of
from accounts.models import SecurityEvent, User
from config import counters
from config.logs import request_id

logger = logging.getLogger(__name__)

Kind = SecurityEvent.Kind
MAX_RECORDED_ATTEMPTS = 10  # of one kind, for one account in one hour


def record(
    user: User,
    kind: SecurityEvent.Kind,
    *,
    at: datetime,
    by: User | None = None,
    about: str = "",
) -> SecurityEvent:
    """Store that `kind` happened to `user`, and log it with the id of the user only.

    It is mailed after the commit, if its kind matters (`accounts.event_mails`).

    `about` says what it concerns, such as `passkey` or the id of a credential. It is
    never a text of the user. The chain of the user's events stays locked until the
    transaction ends: a caller that locks the row of the user does that first.
    """
    event = SecurityEvent(
        kind=kind,
        at=at,
        by=by,
        about=about,
        request_id=request_id.get(),
        chain=event_chains.chain_for(kind, by.pk if by else None),
    )
    event_chains.append(event, of=("id", user.pk))
    event_mails.plan(user, event)
    _log(kind, user.pk)
    return event


def record_sign_in(
    user: User, request: HttpRequest, *, at: datetime, is_program: bool = False
) -> None:
    """Store that the user signed in, and on which device.

    It is mailed if the device is new.
    """
    event = record(user, Kind.SIGNED_IN, at=at, about=device_of(request))
    is_known = user.email and device_cookies.device_id(request, user.email)
    if not is_known:
        event_mails.plan_sign_in(user, event, is_program=is_program)


@transaction.atomic
def record_wrong_factor(user: User, *, at: datetime, about: str) -> None:
    """Store that a code or a passkey was refused, `MAX_RECORDED_ATTEMPTS` in an hour.

    The last of them is mailed: whoever tries so often probably knows the password.
    """
    number = _number_in_hour(Kind.FACTOR_FAILED, str(user.pk), at=at)
    if number <= MAX_RECORDED_ATTEMPTS:
        event = record(user, Kind.FACTOR_FAILED, at=at, about=about)
        if number == MAX_RECORDED_ATTEMPTS:
            event_mails.plan_wrong_factors(user, event)


def record_attempt(email: str, kind: SecurityEvent.Kind, *, at: datetime) -> None:
    """Store what an anonymous visitor tried with the account of `email`, if it exists.

    The same queries run in the same transaction whether it exists or not, so that the
    response time doesn't reveal it. The first `MAX_RECORDED_ATTEMPTS` of a kind in an
    hour are stored.
    """
    with transaction.atomic():
        number = _number_in_hour(kind, email, at=at)
        user_id = (
            _store_for(email, kind, at) if number <= MAX_RECORDED_ATTEMPTS else None
        )
    if user_id is not None:
        _log(kind, user_id)


def _number_in_hour(kind: SecurityEvent.Kind, account: str, *, at: datetime) -> int:
    """Count this event, and return how many of the kind there were in its hour."""
    now = at.timestamp()
    hour, ends_at = counters.window_of(now, 3600)
    return counters.table.add(
        f"noted:{kind}:{hour}",
        counters.digest_of(account),
        1,
        expires_at=ends_at + 1,
        now=now,
    )


def _store_for(email: str, kind: SecurityEvent.Kind, at: datetime) -> UUID | None:
    """Store the event; return the id of its user, None if unknown."""
    event = SecurityEvent(
        kind=kind,
        at=at,
        request_id=request_id.get(),
        chain=event_chains.chain_for(kind, None),
    )
    return event_chains.append(event, of=("email", email))


def _log(kind: SecurityEvent.Kind, user_id: UUID) -> None:
    logger.info("security event", extra={"kind": str(kind), "user_id": str(user_id)})


def connect() -> None:
    """Record the events that allauth's pages signal."""
    user_logged_in.connect(_on_sign_in, weak=False)
    user_logged_out.connect(_on(Kind.SIGNED_OUT), weak=False)
    allauth.user_signed_up.connect(_on(Kind.SIGNED_UP), weak=False)
    allauth.email_changed.connect(_on(Kind.EMAIL_CHANGED), weak=False)


def _on_sign_in(
    sender: object, request: HttpRequest, user: User, **kwargs: object
) -> None:
    record_sign_in(user, request, at=timezone.now())


def _on(kind: SecurityEvent.Kind) -> Callable[..., None]:
    def receiver(sender: object, user: User | None = None, **kwargs: object) -> None:
        if user is not None and user.pk:
            record(user, kind, at=timezone.now())

    return receiver
