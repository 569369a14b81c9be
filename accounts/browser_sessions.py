"""Where browser sessions are kept: Django's session store, in a table of our own.

The table is keyed by a digest of the cookie's value, and each row names its user, so
that the user can see and end their sessions without decoding them. A session that was
ended is never stored again by a request that was still running.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import auth
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import (
    VALID_KEY_CHARS,
    CreateError,
    UpdateError,
)
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.credentials import CredentialEnded
from accounts.devices import Client
from accounts.models import BrowserSession
from accounts.models.browser_session import digest_of_key
from accounts.session_binding import KEY as OWNER_KEY

USE_PRECISION = timedelta(minutes=1)
MAX_AGE = timedelta(days=90)  # of a session that is used again and again


@dataclass(frozen=True, slots=True)
class Use:
    """A request of a session: when and where."""

    at: datetime
    client: Client


def session_id_of(request: HttpRequest) -> UUID | None:
    """Return the public id of the session of a request, None if it has none."""
    row = getattr(getattr(request, "session", None), "row", None)
    return row.public_id if isinstance(row, BrowserSession) else None


class SessionStore(db.SessionStore):
    """Django's store, with another key and more columns.

    `row` is the session as it was loaded or last stored, without its data. `use` is the
    request that is being answered, if it is to be recorded.
    """

    row: BrowserSession | None = None
    use: Use | None = None

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def is_use_due(self, *, at: datetime) -> bool:
        """Whether the last recorded use of a signed-in session is a minute old."""
        row = self.row
        return (
            row is not None
            and row.auth_hash != ""
            and at - row.last_seen_at >= USE_PRECISION
        )

    def record_use(self) -> None:
        """Store the use of a session that is not saved otherwise."""
        if self.row is not None and self.use is not None:
            found = BrowserSession.objects.filter(public_id=self.row.public_id)
            found.update(**self._use())

    # --- What Django calls ----------------------------------------------------

    def load(self) -> dict[str, Any]:
        key = self.session_key
        assert key is not None  # Django loads sessions with a key only
        self.row = BrowserSession.objects.filter(
            pk=digest_of_key(key), expire_date__gt=timezone.now()
        ).first()
        if self.row is None:
            self._session_key = None
            return {}
        data: dict[str, Any] = self.decode(self.row.session_data)
        return data

    def exists(self, session_key: str) -> bool:
        return BrowserSession.objects.filter(pk=digest_of_key(session_key)).exists()

    def save(self, must_create: bool = False) -> None:
        """Store the session.

        Raises:
            CreateError: `must_create`, and there is one with this key.
            UpdateError: it was ended meanwhile.
        """
        key = self.session_key
        if key is None:
            self.create()
            return
        if must_create and not hasattr(self, "_session_cache"):
            self._session_cache: dict[str, Any] = {}  # there is nothing to load
        row = self._row_of(dict(self.items()), digest_of_key(key))
        try:
            with transaction.atomic():
                if must_create:
                    row.save(force_insert=True)
                else:
                    self._update(row)
        except IntegrityError as exc:
            raise (CreateError if must_create else UpdateError) from exc
        self.row = row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            BrowserSession.objects.filter(pk=digest_of_key(key)).delete()

    def flush(self) -> None:
        super().flush()
        self.row = None

    def cycle_key(self) -> None:
        """Give the session a new key; it stays the same session.

        Raises:
            CredentialEnded: it is signed in, and was ended meanwhile. A new session
                with its data would revive it.
        """
        data = dict(self.items())
        before = self.session_key
        if before is not None and self._is_renamed(before):
            self.modified = True
            return
        if auth.SESSION_KEY in data and before is not None:
            raise CredentialEnded
        self.row = None
        self.create()
        self._session_cache = data

    # --- Helpers --------------------------------------------------------------

    def _is_renamed(self, before: str) -> bool:
        key = get_random_string(32, VALID_KEY_CHARS)
        found = BrowserSession.objects.filter(pk=digest_of_key(before))
        if not found.update(session_key=digest_of_key(key)):
            return False
        self._session_key = key
        return True

    def _row_of(self, data: dict[str, Any], digest: str) -> BrowserSession:
        """Return the row to be stored: what is known of it, with the new data."""
        now = self.use.at if self.use else timezone.now()
        known = self.row or BrowserSession(created_at=now, last_seen_at=now)
        user_id = _user_of(data)
        is_sign_in = user_id is not None and user_id != known.user_id
        created_at = now if is_sign_in else known.created_at
        row = BrowserSession(
            session_key=digest,
            public_id=known.public_id,
            session_data=self.encode(data),
            expire_date=min(self.get_expiry_date(), created_at + MAX_AGE),
            user_id=user_id,
            auth_hash=data.get(auth.HASH_SESSION_KEY, ""),
            created_at=created_at,
            last_seen_at=now if is_sign_in else known.last_seen_at,
            device=known.device,
            network=known.network,
        )
        if user_id is not None:
            for name, value in self._use().items():
                setattr(row, name, value)
        return row

    def _use(self) -> dict[str, Any]:
        use = self.use
        if use is None:
            return {}
        return {
            "last_seen_at": use.at,
            "device": use.client.device,
            "network": use.client.network,
        }

    def _update(self, row: BrowserSession) -> None:
        columns = {
            field.attname: getattr(row, field.attname)
            for field in BrowserSession._meta.concrete_fields
            if field.name not in {"session_key", "public_id"}
        }
        if not BrowserSession.objects.filter(pk=row.pk).update(**columns):
            raise UpdateError
        if row.user_id is not None and row.user_id != (self.row and self.row.user_id):
            BrowserSession.objects.end_surplus(row.user_id)


def _user_of(data: dict[str, Any]) -> UUID | None:
    """Return whose session it is: of who signed in here, or by Better Auth's cookie."""
    found = data.get(auth.SESSION_KEY) or data.get(OWNER_KEY, {}).get("user")
    return UUID(found) if found else None
