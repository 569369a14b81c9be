"""Create the PostgreSQL role that the service runs as."""

import secrets
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from config.postgresql.roles import Role, as_owner, creation, grants


class Command(BaseCommand):
    help = (
        "Create the PostgreSQL role that the service runs as, and give it the rights"
        " to read and write, but none to change tables. Run it after migrate. It can"
        " be repeated: an existing role keeps its password."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The name of the role, such as ownlist_app.")
        parser.add_argument(
            "--sql",
            action="store_true",
            help="Only print the statements, for a superuser to run.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles: nothing to do.")
        name = options["name"]
        with as_owner():
            is_new = self._is_new(name)
            password = None if options["sql"] else secrets.token_urlsafe(24)
            statements = [creation(name, password)] if is_new else []
            statements += grants(name)
            if options["sql"]:
                for statement in statements:
                    self.stdout.write(f"{statement.as_string()};")
                if is_new:
                    self.stdout.write(_password_advice(name))
                return
            self._run(statements)
        self.stdout.write(f"The role {name} can read and write, and owns nothing.")
        if is_new:
            assert password is not None
            url = _url(name, password)
            self.stdout.write(
                f"Run the service as this role. Its password is shown only now:\n"
                f"  DATABASE_URL={url}\n"
                "and migrate as the owner, with the present value of DATABASE_URL:\n"
                "  MIGRATION_DATABASE_URL=postgres://…"
            )

    def _is_new(self, name: str) -> bool:
        """Whether the role is still to be created.

        Raises:
            CommandError: it exists, and row-level security would not limit it.
        """
        role = Role.named(name)
        if role is not None and (role.bypasses_row_security or role.owns_tables):
            raise CommandError(
                f"The role {name} is a superuser, has BYPASSRLS or owns tables."
                " Choose another name."
            )
        return role is None

    def _run(self, statements: list[Any]) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        except ProgrammingError as exc:
            # Not the statement, which contains the password.
            raise CommandError(
                f"PostgreSQL refused: {str(exc).splitlines()[0]}\nRun this as the owner"
                " of the tables, who needs CREATEROLE to create a role."
            ) from None


def _password_advice(name: str) -> str:
    """Return comments for whoever runs the statements: the password is still to set."""
    role = sql.Identifier(name).as_string()
    return (
        "-- The role has no password yet, so nobody can sign in. In psql, this asks for"
        f" one:\n--   \\password {role}\n-- Then, with that password:\n"
        f"--   DATABASE_URL={_url(name, 'PASSWORD')}"
    )


def _url(name: str, password: str) -> str:
    """Return the URL of the database with this role."""
    url = urlsplit(str(settings.DATABASE_URL))
    place = url.netloc.rpartition("@")[2]
    return url._replace(netloc=f"{name}:{password}@{place}").geturl()
