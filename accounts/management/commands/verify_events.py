"""Verify the chains of security events."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from accounts.event_chains import BrokenLink, verify
from accounts.models import SecurityEvent
from config.read_snapshot import read_snapshot

PROGRESS_EVERY = 100_000  # events


class Command(BaseCommand):
    help = (
        "Verify that no security event was changed, removed, added or moved. Prints "
        "the first broken link of each chain, and exits with 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", type=UUID, metavar="ID", help="Only this user.")

    def handle(self, *args: object, user: UUID | None = None, **options: Any) -> None:
        verified = broken = 0
        with read_snapshot():
            for found in verify(user):
                if isinstance(found, BrokenLink):
                    broken += 1
                    self.stdout.write(
                        f"user {found.user_id}: chain {found.chain} is broken at event "
                        f"{found.number}: {found.reason}"
                    )
                    continue
                verified += 1
                if verified % PROGRESS_EVERY == 0 and options["verbosity"]:
                    self.stderr.write(f"{verified} events verified …")
            loose = SecurityEvent.objects.filter(number=None).count()
        self.stdout.write(f"Events verified: {verified}, broken chains: {broken}")
        if loose:
            self.stdout.write(
                f"Not yet in a chain: {loose}. An older version recorded them during "
                "an upgrade; purge_credentials adds them."
            )
        if broken:
            raise CommandError(f"Broken chains: {broken}", returncode=1)
