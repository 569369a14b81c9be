"""Import the users of a Better Auth database, with their passwords."""

import csv
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from accounts.better_auth import importing
from accounts.better_auth.importing import COLUMNS, ImportResult, TableNames
from accounts.better_auth.issuers import trusted_issuers
from config.csv_cells import guarded


class Command(BaseCommand):
    help = (
        "Import users, verified addresses, identities and passwords from the PostgreSQL"
        " database of a Better Auth server. Existing accounts are never changed, and a"
        " second run imports only new users."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database-env",
            default="BETTER_AUTH_DATABASE_URL",
            metavar="NAME",
            help="The environment variable with the URL of the database (default:"
            " %(default)s); an argument would be visible to all users of this host.",
        )
        parser.add_argument(
            "--issuer", help="The issuer of these users, if several are trusted."
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Only report, and store nothing.",
        )
        parser.add_argument(
            "--after",
            default="",
            metavar="ID",
            help="Continue after this id.",
        )
        parser.add_argument(
            "--report",
            metavar="FILE",
            help="Write a CSV line for each row.",
        )
        parser.add_argument("--user-table", default="user", metavar="NAME")
        parser.add_argument("--account-table", default="account", metavar="NAME")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="NAME=REAL",
            help="A column that has another name there; NAME is one of "
            + ", ".join(COLUMNS),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        issuer = _issuer(options["issuer"])
        names = TableNames(
            options["user_table"], options["account_table"], _columns(options["column"])
        )
        outcomes: Counter[str] = Counter()
        with ExitStack() as stack:
            write = _report_writer(options["report"], stack)
            connection = stack.enter_context(_connect(options["database_env"]))
            try:
                after = options["after"]
                total = importing.count(connection, names, after=after)
                rows = importing.rows(connection, names, after=after)
                for row in tqdm(rows, total=total, unit="user", disable=None):
                    result = importing.import_user(
                        row,
                        issuer=issuer,
                        at=timezone.now(),
                        dry_run=options["dry_run"],
                    )
                    outcomes[result.outcome] += 1
                    write(result)
            except psycopg.Error as exc:
                raise CommandError(_in_words(exc)) from None
        self.stdout.write(_summary(outcomes, dry_run=options["dry_run"]))


def _summary(outcomes: Counter[str], *, dry_run: bool) -> str:
    names = {outcome: outcome.value for outcome in importing.Outcome}
    if dry_run:
        names[importing.Outcome.CREATED] = "would be created"
    counts = ", ".join(f"{outcomes[outcome]} {name}" for outcome, name in names.items())
    return f"{'Dry run' if dry_run else 'Done'}: {counts}."


def _issuer(named: str | None) -> str:
    trusted = trusted_issuers()
    if named is None and len(trusted) == 1:
        return next(iter(trusted))
    if named in trusted:
        assert named is not None
        return named
    raise CommandError(
        "Name one of the trusted issuers with --issuer: "
        + (", ".join(trusted) or "none is configured; set BETTER_AUTH_URL.")
    )


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, equals, real = pair.partition("=")
        if name not in COLUMNS or not equals or not real:
            raise CommandError(f"--column {pair}: write NAME=REAL; see --help.")
        columns[name] = real
    return columns


def _connect(variable: str) -> importing.Connection:
    address = os.environ.get(variable, "")
    if not address:
        raise CommandError(f"Set {variable} to the URL of the database.")
    try:
        connection = psycopg.connect(address, connect_timeout=10)
    except (psycopg.Error, ValueError) as exc:
        # Without the cause, which a traceback would show.
        raise CommandError(_in_words(exc)) from None
    connection.read_only = True
    return connection


def _in_words(exc: Exception) -> str:
    """Explain an error by its SQLSTATE: psycopg's own text may quote the URL."""
    known = {
        "42P01": "A table is missing; see --user-table and --account-table.",
        "42703": "A column is missing; see --column.",
        "42501": "The role may not read these tables.",
        "28P01": "The password was refused.",
    }
    if isinstance(exc, psycopg.Error) and exc.sqlstate in known:
        return known[exc.sqlstate]
    return (
        "The Better Auth database can't be read. Check the URL, and the name and"
        f" password in it. ({type(exc).__name__})"
    )


def _report_writer(
    path: str | None, stack: ExitStack
) -> Callable[[ImportResult], None]:
    if path is None:
        return lambda result: None
    # A report contains ids, but no address and no hash.
    try:
        stream = Path(path).open("w", newline="", encoding="utf-8")  # noqa: SIM115
    except OSError as exc:
        raise CommandError(f"--report {path}: {exc.strerror}.") from exc
    stack.push(stream)  # which closes it
    writer = csv.writer(stream)
    writer.writerow(["id", "outcome", "note"])

    def write(result: ImportResult) -> None:
        writer.writerow([guarded(result.id), result.outcome.value, result.note])

    return write
