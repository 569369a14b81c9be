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
from config.row_security import rows_of
from todos.across_owners import surplus_import_files
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
    delete_surplus(at=at)
    return kept


def find(owner: User, *, key: UUID, at: datetime) -> ImportFile:
    """Return the file of this upload, without its content.

    Raises:
        ImportFile.DoesNotExist: it has expired or was replaced, or never was.
    """
    files = ImportFile.objects.owned_by(owner).defer("content")
    return files.get(key=key, created_at__gt=at - LIFETIME)


def delete_surplus(*, at: datetime) -> None:
    """Delete files of all users: expired ones, and the oldest beyond `FILES_MAX`."""
    for owner_id, key in surplus_import_files(expired=at - LIFETIME, most=FILES_MAX):
        with rows_of(owner_id):
            ImportFile.objects.filter(owner=owner_id, key=key).delete()
