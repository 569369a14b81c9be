"""Delete the accounts whose owners asked for it and whose week has passed."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import CASCADE
from django.utils import timezone

from accounts.models import DELETION_STARTED, User

BATCH = 20  # accounts
ROWS = 1_000  # that one transaction deletes, apart from what goes with them


class Command(BaseCommand):
    help = "Delete the accounts whose deletion is due, with everything they own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say how many are due."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["dry_run"]:
            due = User.objects.filter(delete_after__lte=at).count()
            self.stdout.write(f"Accounts to delete: {due}")
            return
        accounts = sessions = 0
        while batch := _delete_batch(at=at):
            accounts += len(batch)
            sessions += _delete_sessions(batch)
        self.stdout.write(f"Accounts deleted: {accounts}, sessions: {sessions}")


def _delete_batch(*, at: datetime) -> set[str]:
    """Delete up to `BATCH` accounts that are due, and return their ids.

    What they own goes first, in transactions of their own: nobody else's writes wait
    for an account with hundreds of thousands of rows.
    """
    ids = _begin(at=at)
    for user_id in ids:
        _empty(user_id)
    with transaction.atomic():
        _delete_traces(ids)
        User.objects.filter(pk__in=ids).delete()
    return {str(pk) for pk in ids}


def _begin(*, at: datetime) -> list[UUID]:
    """Mark up to `BATCH` accounts that are due, so that none is called off any more.

    The rows are locked and asked for once more under the lock: support may just have
    called a deletion off.
    """
    with transaction.atomic():
        due = User.objects.select_for_update().filter(delete_after__lte=at)
        ids = list(due.order_by("delete_after").values_list("pk", flat=True)[:BATCH])
        User.objects.filter(pk__in=ids).update(delete_after=DELETION_STARTED)
    return ids


def _empty(user_id: UUID) -> None:
    """Delete the rows that go with an account, the last kinds of them first.

    So nothing is left that refers to a row, but for the steps of a task, and the
    newest rows first, so that these are mostly gone before.
    """
    for relation in reversed(User._meta.related_objects):
        if relation.on_delete is CASCADE:
            rows: Any = relation.related_model
            theirs = rows._base_manager.filter(**{relation.field.attname: user_id})
            keys = theirs.order_by("-pk").values_list("pk", flat=True)
            while some := list(keys[:ROWS]):
                # Each deletion is a transaction of its own.
                rows._base_manager.filter(pk__in=some).delete()


def _delete_traces(ids: list[UUID]) -> None:
    """Delete what names the accounts without going with them."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User),
        object_id__in=[str(pk) for pk in ids],
    ).delete()


def _delete_sessions(ids: set[str]) -> int:
    """Delete the browser sessions of these accounts.

    They can't sign anybody in any more, yet they hold the id. A session tells whose it
    is only once it is decoded, so all of them are read.
    """
    theirs = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get("_auth_user_id") in ids
    ]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)
