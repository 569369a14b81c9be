"""The record of what touched an account's safety, for its owner and for support."""

import logging
from datetime import datetime
from typing import Any

from allauth.account import signals as allauth
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils import timezone

from accounts.models import SecurityEvent, User
from config.logs import request_id

logger = logging.getLogger(__name__)

Kind = SecurityEvent.Kind


def record(
    user: User, kind: SecurityEvent.Kind, *, at: datetime, by: User | None = None
) -> None:
    """Store that `kind` happened to `user`, and say so in the log by id alone."""
    SecurityEvent.objects.create(
        user=user, kind=kind, at=at, by=by, request_id=request_id.get()
    )
    logger.info("security event", extra={"kind": str(kind), "user_id": str(user.pk)})


def connect() -> None:
    """Record what happens on the account pages, which are allauth's."""
    user_logged_in.connect(_on(Kind.SIGNED_IN), weak=False)
    user_logged_out.connect(_on(Kind.SIGNED_OUT), weak=False)
    allauth.user_signed_up.connect(_on(Kind.SIGNED_UP), weak=False)
    allauth.email_changed.connect(_on(Kind.EMAIL_CHANGED), weak=False)


def _on(kind: SecurityEvent.Kind) -> Any:
    def receiver(sender: Any, user: User | None = None, **kwargs: Any) -> None:
        if user is not None and user.pk:
            record(user, kind, at=timezone.now())

    return receiver
