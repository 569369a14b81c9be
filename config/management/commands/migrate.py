"""Django's `migrate`, as the owner of the tables. Only it makes an SQLite file."""

from typing import Any

from django.core.management.commands import migrate

from config.postgresql.roles import as_owner
from config.sqlite.base import creating_file


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner(), creating_file():
            super().handle(*args, **options)
