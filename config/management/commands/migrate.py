"""Django's `migrate`, as the owner of the tables. Only it makes an SQLite file."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from config.postgresql.roles import as_owner, migration_limits
from config.sqlite.base import creating_file

BUSY = (
    "A request or another command keeps a table locked, so the migration gave up after"
    " waiting for it. Run migrate again: it continues where it stopped."
)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(), migration_limits(), creating_file():
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if isinstance(error.__cause__, LockNotAvailable):
                    raise CommandError(BUSY) from error
                raise
