"""Permanently delete tasks and lists that have been in the trash for long."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.credentials import COMMAND
from accounts.models import User
from config.regular_commands import record_success
from config.row_security import rows_of
from config.sqlite.turns import Turns
from todos.actions.removal import TRASH_DAYS, remove_trashed
from todos.caller import Caller
from todos.management.users import every_user
from todos.models import Task, TaskList

BATCH = 200  # rows that one transaction deletes
MOST_DAYS = 36_500


class Command(BaseCommand):
    help = (
        f"Permanently delete tasks and lists that have been in the trash for more than"
        f" {TRASH_DAYS} days. The ledger keeps a record that they existed, without"
        " their text."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=TRASH_DAYS,
            help="How long they stay in the trash.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Only print the number."
        )

    def handle(self, *args: object, **options: Any) -> None:
        at = timezone.now()
        before = at - days_of(options["days"])
        found, turns = 0, Turns()
        with tqdm(total=User.objects.count(), unit="user", disable=None) as bar:
            for owner in every_user():
                with rows_of(owner.pk):
                    due = _due(owner, before)
                    if due and not options["dry_run"]:
                        due = _delete(Caller(owner, COMMAND, at), before, turns)
                found += due
                bar.update()
        if not options["dry_run"]:
            record_success("purge_trash", at=timezone.now(), done=found)
        verb = "to delete" if options["dry_run"] else "deleted"
        self.stdout.write(f"Tasks and lists {verb}: {found}")


def days_of(number: int) -> timedelta:
    """Return that many days.

    Raises:
        CommandError: the number is out of range.
    """
    if not 0 <= number <= MOST_DAYS:
        raise CommandError(f"--days {number}: write 0 to {MOST_DAYS}.")
    return timedelta(days=number)


def _due(owner: User, before: datetime) -> int:
    """Return how many tasks and lists of the user are to be deleted."""
    tasks, lists = Task.objects.owned_by(owner), TaskList.objects.owned_by(owner)
    return sum(rows.filter(trashed_at__lt=before).count() for rows in (tasks, lists))


def _delete(caller: Caller, before: datetime, turns: Turns) -> int:
    """Delete them, batch by batch, and return their number."""
    gone = 0
    while number := remove_trashed(caller, before=before, limit=BATCH):
        gone += number
        turns.take()
    return gone
