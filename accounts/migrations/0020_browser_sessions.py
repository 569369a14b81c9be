"""Keep browser sessions under a digest of their keys, with their users."""

import hashlib
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps
from django.utils import timezone

BATCH = 500  # sessions


def copy_sessions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy the valid sessions, so that nobody has to sign in again.

    The originals stay until `purge_credentials` deletes them: processes of the earlier
    version use them until they are restarted.
    """
    valid = apps.get_model("sessions", "Session").objects.filter(
        expire_date__gt=timezone.now()
    )
    copied = apps.get_model("accounts", "BrowserSession")
    users = apps.get_model("accounts", "User").objects
    sessions = valid.order_by("pk").iterator(BATCH)
    while batch := list(islice(sessions, BATCH)):
        rows = [(one, SessionStore().decode(one.session_data)) for one in batch]
        owners = {_user_of(data) for _, data in rows} - {None}
        known = set(users.filter(pk__in=owners).values_list("pk", flat=True))
        copied.objects.bulk_create(
            copied(**_copy(one, data, known)) for one, data in rows
        )


def _user_of(data: dict[str, Any]) -> UUID | None:
    found = data.get("_auth_user_id") or data.get("accounts.session_owner", {}).get(
        "user"
    )
    return UUID(found) if found else None


def _copy(session: Any, data: dict[str, Any], known: set[UUID]) -> dict[str, Any]:
    user_id = _user_of(data)
    # When the session was last changed, which is all that is known.
    changed_at = session.expire_date - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return {
        "session_key": hashlib.sha256(session.session_key.encode()).hexdigest(),
        "session_data": session.session_data,
        "expire_date": session.expire_date,
        "user_id": user_id if user_id in known else None,
        "auth_hash": data.get("_auth_user_hash", ""),
        "created_at": changed_at,
        "last_seen_at": changed_at,
    }


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_support_grant"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="refreshfamily",
            name="device",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the sign-in or the last refresh, as `network`.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="refreshfamily",
            name="network",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=43
            ),
        ),
        migrations.CreateModel(
            name="BrowserSession",
            fields=[
                ("session_data", models.TextField(verbose_name="session data")),
                (
                    "expire_date",
                    models.DateTimeField(db_index=True, verbose_name="expire date"),
                ),
                (
                    "session_key",
                    models.CharField(
                        help_text="SHA-256 of the cookie's value.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, unique=True
                    ),
                ),
                (
                    "auth_hash",
                    models.CharField(
                        blank=True,
                        help_text="The digest of the user's credential epoch at the sign-in.",
                        max_length=64,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(help_text="When the user signed in."),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(help_text="Written at most once a minute."),
                ),
                ("device", models.CharField(blank=True, max_length=64)),
                ("network", models.CharField(blank=True, max_length=43)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty for a visitor.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="browser_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("user"),
                        models.OrderBy(models.F("last_seen_at"), descending=True),
                        name="accounts_session_by_user",
                    )
                ],
            },
        ),
        migrations.RunPython(copy_sessions, migrations.RunPython.noop),
    ]
