"""Mails to a user about the security events that matter: which, and what they say.

This table says which events are mailed. Two kinds have mails of their own with more in
them: a changed address (by allauth, to the old one) and a connected or disconnected
sign-in (`accounts.identity_mails`). A mail is sent after the commit, and one that can't
be sent changes nothing.
"""

from __future__ import annotations

import logging
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts import emails, identity_mails
from accounts.devices import device_of
from accounts.models import Chain, SecurityEvent, User
from config.api.throttling import count_request
from config.client_address import client_address

logger = logging.getLogger(__name__)

Kind = SecurityEvent.Kind
WIDTH = 88  # characters of a line
TEMPLATE = "account/email/security_event"

PASSWORD = "password"  # noqa: S105 - advice, as the template words it
REVIEW = "review"
ADMINISTRATOR = "administrator"
END_LOOKS = "end looks"
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail says about an event, and what to do if the user did not cause it.

    `only_by_support` means that the user's own actions of the kind are not mailed.
    """

    subject: str
    text: str
    advice: str = PASSWORD
    only_by_support: bool = False


NOTICES: dict[Kind, Notice] = {
    Kind.SIGNED_IN: Notice(
        "New sign-in to your Ownlist account",
        "There was a sign-in to your Ownlist account from a new device or browser.",
    ),
    Kind.PASSWORD_CHANGED: Notice(
        "Your Ownlist password was changed",
        "The password of your Ownlist account was changed. All other devices "
        "and apps were signed out.",
    ),
    Kind.TOKEN_REUSED: Notice(
        "An app of your Ownlist account was signed out",
        "An old token of an app was used again. A copy may be in the wrong hands, "
        "so this app was signed out of your Ownlist account.",
    ),
    Kind.SIGNED_OUT_EVERYWHERE: Notice(
        "You were signed out of Ownlist everywhere",
        "All devices and apps were signed out of your Ownlist account.",
        ADMINISTRATOR,
        only_by_support=True,
    ),
    Kind.DEACTIVATED: Notice(
        "Your Ownlist account was locked",
        "Your Ownlist account was locked. Nobody can sign in, and nothing was deleted.",
        ADMINISTRATOR,
        only_by_support=True,
    ),
    Kind.REACTIVATED: Notice(
        "Your Ownlist account was unlocked",
        "Your Ownlist account was unlocked. You can sign in again.",
        only_by_support=True,
    ),
    Kind.DELETION_REQUESTED: Notice(
        "Your Ownlist account will be deleted",
        "The deletion of your Ownlist account was requested. It is "
        "locked now, and will be deleted with everything in it in seven days.",
        KEEP,
    ),
    Kind.DELETION_CANCELLED: Notice(
        "Your Ownlist account will be kept",
        "The deletion of your Ownlist account was cancelled. You can sign in again.",
    ),
    Kind.FACTOR_ADDED: Notice(
        "A second step was added to your Ownlist sign-in",
        "{about} was added to the sign-in of your Ownlist account.",
        REVIEW,
    ),
    Kind.FACTOR_REMOVED: Notice(
        "A second step was removed from your Ownlist sign-in",
        "{about} was removed from the sign-in of your Ownlist account.",
        REVIEW,
    ),
    Kind.FACTOR_FAILED: Notice(
        "Wrong codes for your Ownlist account",
        "Many wrong codes or passkeys were tried at the second step of your Ownlist "
        "account, which stayed closed. Your password may be in the wrong hands.",
    ),
    Kind.CODES_CREATED: Notice(
        "New recovery codes for your Ownlist account",
        "New recovery codes were created for your Ownlist account. Earlier codes "
        "are no longer valid.",
        REVIEW,
    ),
    Kind.CODE_USED: Notice(
        "A recovery code of your Ownlist account was used",
        "A recovery code was used to sign in to your Ownlist account. It can't be used "
        "again.",
        REVIEW,
    ),
    Kind.IDENTITY_TRUSTED: Notice(
        "A sign-in needs no second step in your Ownlist account",
        "A connected sign-in is let in to your Ownlist account without a second step.",
        REVIEW,
    ),
    Kind.TOKEN_CREATED: Notice(
        "An access token was created for your Ownlist account",
        "A personal access token was created. A program that has it can use your "
        "Ownlist account, as far as the token allows.",
        REVIEW,
    ),
    Kind.STAFF_CHANGED: Notice(
        "Your rights as Ownlist staff were changed",
        "What your Ownlist account may do as a member of staff was changed.",
        ADMINISTRATOR,
    ),
    Kind.SUPPORT_GRANTED: Notice(
        "Support may look at your Ownlist tasks",
        "You allowed support to look at your tasks for a limited time.",
        REVIEW,
    ),
    Kind.SUPPORT_LOOKED: Notice(
        "Support has looked at your Ownlist tasks",
        "Support has looked at your tasks, as you allowed.",
        END_LOOKS,
    ),
}
# What `about` adds to the mail of its kind.
RESET = Notice(
    "Your Ownlist password was reset",
    "The password of your Ownlist account was reset with a link sent to you. "
    "All devices and apps were signed out.",
)
KEPT_LOCKED = Notice(
    "Your Ownlist account was locked",
    "Your Ownlist account was locked, and its requested deletion was cancelled. Nobody"
    " can sign in, and nothing was deleted.",
    ADMINISTRATOR,
)
FIRST_PASSWORD = Notice(
    "Your Ownlist account has a password", "Your Ownlist account now has a password."
)
FACTORS = {
    "passkey": "A passkey",
    "totp": "An authenticator app",
    "recovery codes": "A set of recovery codes",
    "all": "Every second step",
}


# Mailed only if more is known of it than its kind.
MAILED_IF = {Kind.SIGNED_IN, Kind.FACTOR_FAILED}


def plan(user: User, event: SecurityEvent) -> None:
    """Mail the event once it is committed, if its kind is mailed."""
    notice = _notice_of(event)
    if notice is not None and event.kind not in MAILED_IF:
        _after_commit(lambda: _send(user, event, notice))


def plan_sign_in(user: User, event: SecurityEvent, *, is_program: bool) -> None:
    """Mail a sign-in from a browser that never signed in before, or from a program.

    The caller has found no device cookie. A program has none: it is known if one of the
    same name has signed in before. The first sign-in of an account is not mailed.
    """

    def send() -> None:
        sign_ins = user.security_events.filter(kind=Kind.SIGNED_IN)
        earlier = sign_ins.exclude(pk=event.pk)
        is_known = is_program and earlier.filter(about=event.about).exists()
        if not is_known and earlier.exists():
            _send(user, event, NOTICES[Kind.SIGNED_IN])

    _after_commit(send)


def plan_wrong_factors(user: User, event: SecurityEvent) -> None:
    """Mail that many codes or passkeys were refused; `event` is the last of them."""
    _after_commit(lambda: _send(user, event, NOTICES[Kind.FACTOR_FAILED]))


def _after_commit(send: Callable[[], None]) -> None:
    transaction.on_commit(send, robust=True)


def _notice_of(event: SecurityEvent) -> Notice | None:
    if event.kind == Kind.PASSWORD_CHANGED and event.about:
        return {"reset": RESET, "first": FIRST_PASSWORD}.get(event.about)
    if event.kind == Kind.DEACTIVATED and event.about and event.by_digest:
        return KEPT_LOCKED
    notice = NOTICES.get(Kind(event.kind))
    if notice is None or (notice.only_by_support and not event.by_digest):
        return None
    return notice


def _send(user: User, event: SecurityEvent, notice: Notice) -> None:
    """Send the mail to the verified address, at most a few of one kind in an hour."""
    if user.email is None or not emails.is_verified(user):
        return
    caller = f"{user.pk} event {event.kind}"
    if count_request("mail", caller, now=time.time()).wait is not None:
        logger.warning("mail not sent: limit", extra={"kind": str(event.kind)})
        return
    request: HttpRequest | None = context.request
    is_by_support = bool(event.by_digest) and event.kind != Kind.SUPPORT_LOOKED
    head = user.event_chains.filter(chain=Chain.ACCOUNT).first()
    about = FACTORS.get(event.about, "A second step")
    values = {
        "notice": notice,
        "text": textwrap.fill(notice.text.format(about=about), WIDTH),
        "at": event.at,
        "is_by_support": is_by_support,
        "advice": ADMINISTRATOR if is_by_support else notice.advice,
        "device": device_of(request) if request and not event.by_digest else "",
        "ip": client_address(request) if request and not event.by_digest else "",
        "paused": identity_mails.describe_suspended(user) if notice is RESET else [],
        "head": head,
        "keep_url": _url_to_keep(user) if notice.advice == KEEP else "",
        "base_url": settings.BASE_URL,
    }
    try:
        get_adapter().render_mail(TEMPLATE, user.email, values).send()
    except (SMTPException, OSError):
        logger.exception("mail not sent", extra={"kind": str(event.kind)})


def _url_to_keep(user: User) -> str:
    from accounts import leaving  # which records events

    # The request for deletion has raised the epoch, which the link contains.
    return leaving.url_to_keep(User.objects.get(pk=user.pk))
