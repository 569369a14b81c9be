"""Delete the accounts whose users requested it a week ago."""

from argparse import ArgumentParser
from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import CASCADE
from django.utils import timezone

from accounts.models import DELETION_STARTED, User
from config.row_security import rows_of

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
        while batch := _delete_batch(at=at):
            accounts += batch
        self.stdout.write(f"Accounts deleted: {accounts}")


def _delete_batch(*, at: datetime) -> int:
    """Delete up to `BATCH` accounts that are due, and return their number.

    What they own is deleted first, in separate transactions, so that other writes don't
    wait for an account with hundreds of thousands of rows.
    """
    ids = _begin(at=at)
    for user_id in ids:
        with rows_of(user_id):
            _empty(user_id)
            with transaction.atomic():
                _delete_traces(user_id)
                User.objects.filter(pk=user_id).delete()
    return len(ids)


def _begin(*, at: datetime) -> list[UUID]:
    """Mark up to `BATCH` accounts that are due, so that none can be cancelled any more.

    The condition is checked under the lock: support may be cancelling a deletion.
    """
    with transaction.atomic():
        due = User.objects.select_for_update().filter(delete_after__lte=at)
        ids = list(due.order_by("delete_after").values_list("pk", flat=True)[:BATCH])
        User.objects.filter(pk__in=ids).update(delete_after=DELETION_STARTED)
    return ids


def _empty(user_id: UUID) -> None:
    """Delete the rows of an account, in the reverse order of their models.

    So no row is referred to when it is deleted, except by the steps of a task. Newest
    rows come first, so that most steps are deleted before their task.
    """
    for relation in reversed(User._meta.related_objects):
        if relation.on_delete is CASCADE:
            rows = relation.related_model._base_manager
            owned = rows.filter(**{relation.field.attname: user_id})
            keys = owned.order_by("-pk").values_list("pk", flat=True)
            while batch := list(keys[:ROWS]):
                rows.filter(pk__in=batch).delete()  # in its own transaction


def _delete_traces(user_id: UUID) -> None:
    """Delete rows that name the account, but don't refer to it."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user_id),
    ).delete()
