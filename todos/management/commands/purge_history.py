"""Delete old entries of the ledger and the answers stored for expired keys."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from todos import import_files
from todos.idempotency import delete_expired_answers
from todos.management.commands.purge_trash import days_of
from todos.models import Change, Ledger

BATCH = 1000  # entries that one transaction deletes
PAGE = 500  # ledgers loaded at once
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
        gone = 0
        total = Change.objects.filter(at__lt=before).count()
        with tqdm(total=total, unit="entry", disable=None) as bar:
            for owner_id in _owners():
                while number := _purge(owner_id, before=before):
                    gone += number
                    bar.update(number)
        answers = delete_expired_answers(at=at)
        import_files.delete_expired(at=at)
        self.stdout.write(f"Deleted: {gone} entries, {answers} answers")


def _owners() -> Iterator[UUID]:
    ids = Ledger.objects.order_by("pk").values_list("pk", flat=True)
    last: UUID | None = None
    while page := list((ids.filter(pk__gt=last) if last else ids)[:PAGE]):
        yield from page
        last = page[-1]


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
