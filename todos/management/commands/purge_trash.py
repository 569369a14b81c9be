"""Permanently delete tasks and lists that have been in the trash for long."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Exists, OuterRef
from django.utils import timezone
from tqdm import tqdm

from accounts.credentials import COMMAND
from accounts.models import User
from todos.actions.removal import TRASH_DAYS, remove_trashed
from todos.caller import Caller
from todos.models import Task, TaskList, TaskListQuerySet, TaskQuerySet

BATCH = 200  # rows that one transaction deletes
PAGE = 500  # owners loaded at once
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
        due = _tasks(before).count() + _lists(before).count()
        if options["dry_run"]:
            self.stdout.write(f"Tasks and lists to delete: {due}")
            return
        gone = 0
        # disable=None: a bar only on a terminal.
        with tqdm(total=due, unit="row", disable=None) as bar:
            for owner in _owners(before):
                caller = Caller(owner, COMMAND, at)
                while number := remove_trashed(caller, before=before, limit=BATCH):
                    gone += number
                    bar.update(number)
        self.stdout.write(f"Tasks and lists deleted: {gone}")


def days_of(number: int) -> timedelta:
    """Return that many days.

    Raises:
        CommandError: the number is out of range.
    """
    if not 0 <= number <= MOST_DAYS:
        raise CommandError(f"--days {number}: write 0 to {MOST_DAYS}.")
    return timedelta(days=number)


def _tasks(before: datetime) -> TaskQuerySet:
    return Task.objects.filter(trashed_at__lt=before)


def _lists(before: datetime) -> TaskListQuerySet:
    return TaskList.objects.filter(trashed_at__lt=before)


def _owners(before: datetime) -> Iterator[User]:
    """Yield all users who have something to delete, loaded page by page."""
    tasks = Exists(_tasks(before).filter(owner=OuterRef("pk")))
    lists = Exists(_lists(before).filter(owner=OuterRef("pk")))
    owners = User.objects.filter(tasks | lists).order_by("pk")
    last: UUID | None = None
    while page := list((owners.filter(pk__gt=last) if last else owners)[:PAGE]):
        yield from page
        last = page[-1].pk
