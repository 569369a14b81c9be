"""Delete the accounts whose users requested it a week ago."""

import json
import re
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import CASCADE, QuerySet
from django.utils import timezone

from accounts.models import DELETION_STARTED, BrowserSession, User
from config.chunks import in_chunks
from config.regular_commands import record_success
from config.row_security import rows_of
from config.sqlite.turns import Turns

BATCH = 20  # accounts
ROWS = 1_000  # deleted in one transaction, not counting cascades


class Command(BaseCommand):
    help = "Delete the accounts whose deletion is due, with everything they own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only print how many are due."
        )

    def handle(self, *args: object, **options: object) -> None:
        at = timezone.now()
        if options["dry_run"]:
            due = User.objects.filter(delete_after__lte=at).count()
            self.stdout.write(f"Accounts to delete: {due}")
            return
        accounts = 0
        while batch := _begin(at=at):
            _delete_sessions(batch)  # a later run would not know their names
            for user in batch:
                _delete(user)
            accounts += len(batch)
        record_success("purge_accounts", at=timezone.now(), done=accounts)
        self.stdout.write(f"Accounts deleted: {accounts}")


def _begin(*, at: datetime) -> list[User]:
    """Mark up to `BATCH` accounts that are due, so that none can be cancelled any more.

    The condition is checked under the lock: their user may be cancelling a deletion.
    """
    with transaction.atomic():
        due = User.objects.select_for_update().filter(delete_after__lte=at)
        users = list(due.only("email").order_by("delete_after")[:BATCH])
        User.objects.filter(pk__in=[user.pk for user in users]).update(
            delete_after=DELETION_STARTED
        )
    return users


def _delete(user: User) -> None:
    """Delete an account.

    What it owns is deleted first, in separate transactions, so that other writes don't
    wait for an account with hundreds of thousands of rows.
    """
    with rows_of(user.pk):
        _empty(user.pk)
        with transaction.atomic():
            _delete_history(user)
            User.objects.filter(pk=user.pk).delete()


def _empty(user_id: UUID) -> None:
    """Delete the rows of an account, in the reverse order of their models.

    So no row is referred to when it is deleted, except by the steps of a task. Newest
    rows come first, so that most steps are deleted before their task.
    """
    turns = Turns()
    for relation in reversed(User._meta.related_objects):
        if relation.on_delete is CASCADE:
            rows = relation.related_model._base_manager
            owned = rows.filter(**{relation.field.attname: user_id})
            keys = owned.order_by("-pk").values_list("pk", flat=True)
            while batch := list(keys[:ROWS]):
                with transaction.atomic():
                    _release(owned, batch)
                    owned.filter(pk__in=batch).delete()
                turns.take()


def _release(owned: QuerySet[Any], batch: list[Any]) -> None:
    """End the references to these rows from others of their table: steps to a task."""
    for field in owned.model._meta.concrete_fields:
        if field.related_model is owned.model:
            left = owned.filter(**{f"{field.name}__in": batch}).exclude(pk__in=batch)
            left.update(**{field.name: None})


def _delete_history(user: User) -> None:
    """Delete the history of the account in the admin, which names it by its id only."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    ).delete()


def _delete_sessions(users: list[User]) -> None:
    """Delete the browser sessions of visitors that name these accounts.

    Drafts, messages and unfinished sign-ins do. A session must be decoded to see that,
    so all sessions of visitors are read.
    """
    names = [name for user in users for name in _names_of(user)]
    named = re.compile(rf"(?<![\w.+-])({'|'.join(map(re.escape, names))})(?![\w-])")
    visitors = BrowserSession.objects.filter(user=None)
    found = [
        session.pk
        for session in in_chunks(visitors, by="pk", size=ROWS)
        if named.search(json.dumps(session.get_decoded(), default=str))
    ]
    BrowserSession.objects.filter(pk__in=found).delete()


def _names_of(user: User) -> list[str]:
    return [str(user.pk), user.pk.hex, *([user.email] if user.email else [])]
