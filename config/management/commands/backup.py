"""Back up the whole database into one file."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from config import private_files
from config.backups import postgresql, sqlite
from config.backups.archive import created, described
from config.backups.errors import ending_plainly
from config.backups.signals import cleaning_up_on_signals
from config.regular_commands import record_success


class Command(BaseCommand):
    help = (
        "Back up the whole database into one file, while the service runs. Restore it"
        " with manage.py restore; see docs/operations.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            metavar="FILE",
            help="The new file. The default is a name with the date, in"
            " VAR_DIR/backups.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        at = timezone.now()
        kind = postgresql if connection.vendor == "postgresql" else sqlite
        with ending_plainly():
            path = Path(options["file"]) if options["file"] else _default(at)
            with cleaning_up_on_signals(), created(path) as writer:
                manifest = kind.dump(writer, path, at)
                writer.finish(manifest)
        self._record(at)
        rows, size = sum(manifest.tables.values()), path.stat().st_size
        self.stdout.write(f"{path}: {rows:,} rows, {size / 1e6:,.1f} MB")

    def _record(self, at: datetime) -> None:
        """Record the success where the backup itself is done whatever happens."""
        try:
            record_success("backup", at=at, done=1)
        except (DatabaseError, InterfaceError):
            # Such as that of an earlier version, before its upgrade.
            self.stderr.write("The database can't record that a backup was made.")


def _default(at: datetime) -> Path:
    folder = Path(settings.VAR_DIR) / "backups"
    with described(folder):
        private_files.make_folder(folder)
    return folder / f"ownlist-{at:%Y-%m-%dT%H%M%SZ}.backup"
