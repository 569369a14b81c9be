"""Import users from the database of a Better Auth server.

Address, name, identity and password are imported, so that users sign in with the same
password. Existing accounts are never changed: their rows are only reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import psycopg
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from psycopg import sql
from psycopg.rows import dict_row

from accounts import emails, events
from accounts.addresses import validate_new_address
from accounts.better_auth.passwords import imported
from accounts.better_auth.verifier import is_subject
from accounts.models import LinkedIdentity, SecurityEvent, User
from config.text import clean_text

Connection = psycopg.Connection[tuple[object, ...]]

PAGE_SIZE = 500  # rows read at once


class Outcome(StrEnum):
    """What happened to a row."""

    CREATED = "created"
    KNOWN = "known"  # imported before, or signed in by token
    EMAIL_TAKEN = "email_taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names of tables and columns in the Better Auth database."""

    user: str = "user"
    account: str = "account"
    columns: dict[str, str] = field(default_factory=dict)

    def column(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.columns.get(name, name))


COLUMNS = (
    "id",
    "name",
    "email",
    "emailVerified",
    "createdAt",
    "banned",
    "userId",
    "providerId",
    "password",
)


@dataclass(frozen=True, slots=True)
class SourceUser:
    """A user of the Better Auth database. `password` is the hash, if there is one."""

    id: str
    name: str
    email: str
    email_verified: bool
    created_at: datetime | None
    banned: bool
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What happened to the row of `id`, with a note for the operator."""

    id: str
    outcome: Outcome
    note: str = ""


def count(connection: Connection, names: TableNames, *, after: str = "") -> int:
    """Return how many users `rows` would yield."""
    query = sql.SQL(
        """SELECT count(*) AS n FROM {user} WHERE {id}::text COLLATE "C" > %(after)s"""
    ).format(user=sql.Identifier(names.user), id=names.column("id"))
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, {"after": after}).fetchone()
    return int(row["n"]) if row else 0


def rows(
    connection: Connection, names: TableNames, *, after: str = ""
) -> Iterator[SourceUser]:
    """Yield the users with ids greater than `after`, in the order of their ids.

    They are read in pages, so that any number fits into memory.
    """
    has_bans = _has_bans(connection, names)
    query = _query(names, has_bans=has_bans)
    while True:
        with connection.cursor(row_factory=dict_row) as cursor:
            page = cursor.execute(query, {"after": after, "page": PAGE_SIZE}).fetchall()
        for found in page:
            yield SourceUser(**found | {"created_at": _in_utc(found["created_at"])})
        if len(page) < PAGE_SIZE:
            return
        after = page[-1]["id"]


def _in_utc(at: datetime | None) -> datetime | None:
    """Return the time with a zone: columns without one are in UTC."""
    if at is None or at.tzinfo:
        return at
    return at.replace(tzinfo=UTC)


def _has_bans(connection: Connection, names: TableNames) -> bool:
    """Tell whether the table has the column of the admin plugin."""
    query = sql.SQL("SELECT * FROM {user} LIMIT 0").format(
        user=sql.Identifier(names.user)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {column.name for column in cursor.description or ()}
    return names.columns.get("banned", "banned") in found


def _query(names: TableNames, *, has_bans: bool) -> sql.Composed:
    banned = (
        sql.SQL("coalesce(u.{}, false)").format(names.column("banned"))
        if has_bans
        else sql.SQL("false")
    )
    return sql.SQL(
        """
        SELECT u.{id}::text AS id, coalesce(u.{name}, '') AS name,
               coalesce(u.{email}, '') AS email,
               coalesce(u.{verified}, false) AS email_verified,
               u.{created} AS created_at, {banned} AS banned,
               (SELECT a.{password} FROM {account} a
                WHERE a.{user_id} = u.{id} AND a.{provider} = 'credential'
                LIMIT 1) AS password
        FROM {user} u
        WHERE u.{id}::text COLLATE "C" > %(after)s
        ORDER BY u.{id}::text COLLATE "C"
        LIMIT %(page)s
        """
    ).format(
        id=names.column("id"),
        name=names.column("name"),
        email=names.column("email"),
        verified=names.column("emailVerified"),
        created=names.column("createdAt"),
        banned=banned,
        password=names.column("password"),
        user_id=names.column("userId"),
        provider=names.column("providerId"),
        account=sql.Identifier(names.account),
        user=sql.Identifier(names.user),
    )


def import_user(
    row: SourceUser, *, issuer: str, at: datetime, dry_run: bool
) -> ImportResult:
    """Create a user from the row, or say why not; with `dry_run`, store nothing.

    Importing a row again creates no second user.
    """
    if problem := _problem(row):
        return ImportResult(row.id, Outcome.REFUSED, problem)
    email = row.email.lower()
    if LinkedIdentity.objects.filter(issuer=issuer, subject=row.id).exists():
        return ImportResult(row.id, Outcome.KNOWN)
    if _is_taken(email):
        return ImportResult(
            row.id,
            Outcome.EMAIL_TAKEN,
            "An account with this address already exists; its owner can connect the"
            " sign-in.",
        )
    password, note = _password(row)
    if dry_run:
        return ImportResult(row.id, Outcome.CREATED, note)
    try:
        with transaction.atomic():
            _create(row, email=email, password=password, issuer=issuer, at=at)
    except IntegrityError:  # a concurrent request created it; the next run says which
        return ImportResult(row.id, Outcome.KNOWN, "It was created during the import.")
    return ImportResult(row.id, Outcome.CREATED, note)


def _is_taken(email: str) -> bool:
    is_login = User.objects.filter(email=email).exists()
    return is_login or emails.is_verified_by_anyone(email)


def _problem(row: SourceUser) -> str:
    if not is_subject(row.id):
        return "The id is empty, too long, or contains invisible characters."
    try:
        validate_new_address(row.email)
    except ValidationError as exc:
        return exc.messages[0]
    return ""


def _password(row: SourceUser) -> tuple[str | None, str]:
    """Return the hash in our format, and a note if there is none."""
    if not row.password:
        return (
            None,
            "No password: the user signs in at the issuer, or by a reset.",
        )
    try:
        return imported(row.password), ""
    except ValueError:
        return None, "The hash is of another kind: the user must reset the password."


def _create(
    row: SourceUser, *, email: str, password: str | None, issuer: str, at: datetime
) -> None:
    try:
        name = clean_text(row.name[:100], most=100)
    except ValidationError:
        name = ""
    user = User.objects.create_user(
        email=email, display_name=name, is_active=not row.banned
    )
    stored: dict[str, Any] = {"created_at": row.created_at or at}
    if password is not None:
        stored["password"] = password
    User.objects.filter(pk=user.pk).update(**stored)
    emails.add(user, is_verified=row.email_verified)
    LinkedIdentity.objects.create(
        user=user,
        issuer=issuer,
        subject=row.id,
        known_as=email,
        created_at=at,
        last_used_at=at,
    )
    events.record(user, SecurityEvent.Kind.SIGNED_UP, at=at)
