"""Restore a backup into a new database, and put it in place of the present one."""

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from config.backups import migrations, postgresql, sqlite
from config.backups.archive import opened
from config.backups.errors import BackupError, ending_plainly
from config.backups.signals import cleaning_up_on_signals
from config.regular_commands import record_success

NEXT = """\
Next:
  1. Set new values for SECRET_KEY and JWT_SIGNING_KEY: the backup also contains
     sessions and tokens that were ended after it. All users then sign in again.
  2. Start the service.
  3. Run manage.py purge_accounts: accounts that were deleted after the backup exist
     again.
Clients that read the changes get 410 once, and then read everything again."""


class Command(BaseCommand):
    help = (
        "Restore a backup into a new database, verify it, and put it in place of the"
        " present one, which is kept under another name. Stop the service before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="A file of manage.py backup.")
        parser.add_argument(
            "--into",
            metavar="NAME",
            help="The new database. On PostgreSQL it may exist, if it is empty. On"
            " SQLite it is the path of a new file.",
        )
        parser.add_argument(
            "--no-switch",
            action="store_true",
            help="Leave the new database beside the present one. The service may run.",
        )
        parser.add_argument(
            "--other-version",
            action="store_true",
            help="Also restore a backup of an earlier version, and migrate it.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        kind = postgresql if connection.vendor == "postgresql" else sqlite
        with (
            ending_plainly(),
            cleaning_up_on_signals(),
            opened(Path(options["file"])) as archive,
        ):
            manifest = archive.manifest
            if manifest.kind != kind.KIND:
                raise BackupError(
                    f"The backup is of a database of the kind {manifest.kind}, and"
                    f" DATABASE_URL names one of the kind {kind.KIND}. Restore it"
                    " there; exports move single users."
                )
            migrations.refuse_other_version(manifest, allowed=options["other_version"])
            lines = kind.restore(
                archive,
                timezone.now(),
                into=options["into"],
                switch=not options["no_switch"],
            )
        if options["no_switch"]:
            # The present database may be lost, which is why it is restored.
            with suppress(DatabaseError, InterfaceError):
                record_success("restore_test", at=timezone.now(), done=1)
        rows = sum(manifest.tables.values())
        self.stdout.write(f"Restored and verified: {rows:,} rows of {manifest.at}")
        if not options["no_switch"]:
            lines.append(NEXT)
        self.stdout.write("\n".join(lines))
