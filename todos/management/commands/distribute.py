"""Print the statements that split the tables of users by owner, with Citus."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.postgresql.distribution import KeyWithoutOwner, statements
from config.postgresql.roles import as_owner

# What statements join with the tables of users; those that others refer to come first.
SHARED = ("accounts_user", "accounts_linkedidentity", "account_emailaddress")


class Command(BaseCommand):
    help = (
        "Print the SQL that splits the tables of users by owner over several servers,"
        " with Citus. It changes nothing itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--print", action="store_true", help="Print it, which is all it can do."
        )

    def handle(self, *args: object, **options: Any) -> None:
        if not options["print"]:
            raise CommandError("It only prints: add --print.")
        if connection.vendor != "postgresql":
            raise CommandError("SQLite can't be split by owner: use PostgreSQL.")
        tables = [
            model._meta.db_table
            for model in apps.get_app_config("todos").get_models()
            if any(field.attname == "owner_id" for field in model._meta.concrete_fields)
        ]
        with as_owner():
            try:
                for statement in statements(tables, SHARED):
                    self.stdout.write(statement)
            except KeyWithoutOwner as error:
                raise CommandError(
                    f"These keys lack the owner: {error}. Run manage.py migrate first."
                ) from None
