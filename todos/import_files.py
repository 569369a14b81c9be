"""Files between their upload and their import.

The database keeps them, so that any server process can import them. They are bounded:
one for each user, an hour each, and `FILES_MAX` in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.models import User
from config.json import JSONObject
from todos.models import ImportFile

LIFETIME = timedelta(hours=1)
FILES_MAX = 50  # of all users; beyond it, the oldest is dropped


def keep(
    owner: User,
    *,
    name: str,
    format: str,
    mapping: Mapping[str, object],
    content: bytes,
    report: JSONObject,
    at: datetime,
) -> ImportFile:
    """Keep a file instead of the earlier one of its owner.

    Drops the expired files of all users, and the oldest beyond `FILES_MAX`.
    """
    delete_expired(at=at)
    kept, _ = ImportFile.objects.update_or_create(
        owner=owner,
        defaults={
            "key": uuid7(),
            "name": name,
            "format": format,
            "mapping": dict(mapping),
            "content": content,
            "report": report,
            "created_at": at,
            "imported_at": None,
            "batch": None,
        },
    )
    latest = ImportFile.objects.order_by("-created_at").values_list("pk", flat=True)
    surplus = list(latest[FILES_MAX : 2 * FILES_MAX])
    if surplus:
        ImportFile.objects.filter(pk__in=surplus).delete()
    return kept


def find(owner: User, *, key: UUID, at: datetime) -> ImportFile:
    """Return the file of this upload, without its content.

    Raises:
        ImportFile.DoesNotExist: it has expired or was replaced, or never was.
    """
    files = ImportFile.objects.owned_by(owner).defer("content")
    return files.get(key=key, created_at__gt=at - LIFETIME)


def delete_expired(*, at: datetime) -> int:
    """Delete the files that were uploaded more than an hour ago; return the number."""
    number, _ = ImportFile.objects.filter(created_at__lte=at - LIFETIME).delete()
    return number
