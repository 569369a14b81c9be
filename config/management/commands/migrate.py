"""Django's `migrate`, as the owner of the tables. Only it makes an SQLite file."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from config import readiness
from config.postgresql.roles import as_owner, migration_limits
from config.sqlite.base import creating_file

BUSY = (
    "A request or another command keeps a table locked, so the migration gave up after"
    " waiting for it. Run migrate again: it continues where it stopped."
)


LATER = (
    "The service can start. After the restart of all its processes, run migrate for"
    " what is left:"
)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        is_check_of_all = options["check_unapplied"] and not options["app_label"]
        if is_check_of_all and self._is_ready_for_the_restart():
            return
        with as_owner(), migration_limits(), creating_file():
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if isinstance(error.__cause__, LockNotAvailable):
                    raise CommandError(BUSY) from error
                raise

    def _is_ready_for_the_restart(self) -> bool:
        """Whether `/readyz` of this version would be 200, although some are missing."""
        if not readiness.missing() or readiness.missing_for_requests():
            return False  # which Django reports
        self.stdout.write(LATER)
        for app, name in sorted(readiness.missing()):
            self.stdout.write(f"  {app}.{name}")
        return True
