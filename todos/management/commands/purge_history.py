"""Delete old entries of the ledger and the answers stored for expired keys."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from accounts.models import User
from config.regular_commands import record_success
from config.row_security import rows_of
from config.sqlite.turns import Turns
from todos import import_files
from todos.idempotency import delete_expired_answers
from todos.management.commands.purge_trash import days_of
from todos.management.users import every_user
from todos.models import Change, Ledger

BATCH = 1000  # entries that one transaction deletes
DAYS = 365


class Command(BaseCommand):
    help = (
        f"Delete entries of the ledger that are older than {DAYS} days, the"
        " answers stored for expired Idempotency-Keys, and uploaded files that were"
        " not imported within an hour."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, default=DAYS, help="How long entries are kept."
        )

    def handle(self, *args: object, **options: Any) -> None:
        at = timezone.now()
        before = at - days_of(options["days"])
        gone = answers = 0
        turns = Turns()
        with tqdm(total=User.objects.count(), unit="user", disable=None) as bar:
            for owner in every_user():
                with rows_of(owner.pk):
                    while number := _purge(owner.pk, before=before):
                        gone += number
                        turns.take()
                    answers += delete_expired_answers(owner, at=at)
                bar.update()
        import_files.delete_surplus(at=at)
        record_success("purge_history", at=timezone.now(), done=gone + answers)
        self.stdout.write(f"Deleted: {gone} entries, {answers} answers")


@transaction.atomic
def _purge(owner_id: UUID, *, before: datetime) -> int:
    """Delete up to `BATCH` of a user's oldest entries, up to the first younger one.

    They are deleted in the order of their numbers, so that `purged_seq` tells exactly
    which are gone. A client that asks for changes after an earlier number must read
    everything again.
    """
    entries = Change.objects.filter(owner=owner_id)
    oldest = entries.order_by("seq").values_list("seq", "at")[:BATCH]
    last = None
    for seq, at in oldest:
        if at >= before:
            break
        last = seq
    if last is None:
        return 0
    Ledger.objects.filter(pk=owner_id, purged_seq__lt=last).update(purged_seq=last)
    number, _ = entries.filter(seq__lte=last).delete()
    return number
