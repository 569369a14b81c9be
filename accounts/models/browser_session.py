"""Browser sessions, as Django's middleware and the credential centre see them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.devices import MAX_DEVICE_LENGTH, MAX_NETWORK_LENGTH
from accounts.models.user import User

MAX_SESSIONS = 100  # of one user; the one that was unused for longest ends


def digest_of_key(key: str) -> str:
    """Return what identifies a session in the database, from the value of its cookie.

    The value is random, so it can't be found from its digest.
    """
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


class BrowserSessionManager(BaseSessionManager["BrowserSession"]):
    def live(self, user: User, *, at: datetime) -> models.QuerySet[BrowserSession]:
        """Return the sessions that sign `user` in."""
        hashes = {
            user.get_session_auth_hash(),
            *user.get_session_auth_fallback_hash(),
        }
        return self.filter(user=user, auth_hash__in=hashes, expire_date__gt=at)

    def end_surplus(self, user_id: UUID) -> None:
        """End the sessions of a user beyond `MAX_SESSIONS`."""
        by_use = self.filter(user_id=user_id).order_by("-last_seen_at", "-pk")
        surplus = list(by_use.values_list("pk", flat=True)[MAX_SESSIONS:])
        if surplus:
            self.filter(pk__in=surplus).delete()


class BrowserSession(AbstractBaseSession):
    """A session of Django, with the facts by which its user recognises it.

    `session_key` is a digest, so a copy of the database opens no session.
    """

    session_key = models.CharField(
        max_length=64, primary_key=True, help_text="SHA-256 of the cookie's value."
    )
    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,  # the index below has it
        related_name="browser_sessions",
        help_text="Empty for a visitor.",
    )
    auth_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="The digest of the user's credential epoch at the sign-in.",
    )
    created_at = models.DateTimeField(help_text="When the user signed in.")
    last_seen_at = models.DateTimeField(help_text="Written at most once a minute.")
    device = models.CharField(max_length=MAX_DEVICE_LENGTH, blank=True)
    network = models.CharField(max_length=MAX_NETWORK_LENGTH, blank=True)

    objects: ClassVar[BrowserSessionManager] = BrowserSessionManager()

    class Meta:
        indexes = [
            models.Index(
                "user", F("last_seen_at").desc(), name="accounts_session_by_user"
            )
        ]

    def __str__(self) -> str:
        return f"browser session {self.public_id}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from accounts.browser_sessions import SessionStore  # which refers to this model

        return SessionStore
