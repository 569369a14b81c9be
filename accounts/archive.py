"""Everything that belongs to a user, in one file that they take with them.

It is a zip archive of JSON files, and of a page that says what is in them. Each app
registers its parts. A table with rows of users is in a part, or in `LEFT_OUT` with the
reason; a test compares both with all tables of the database.
"""

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import orjson
from django.apps import apps
from django.template.loader import render_to_string

from accounts.models import User
from config.read_snapshot import read_snapshot
from config.row_security import rows_of

IN_MEMORY = 1024 * 1024  # bytes; a larger archive is written to disk
CHUNK = 1_000  # rows
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table in a JSON file, under a name.

    `without` are its columns that are not in the file: secrets, and what only the
    service needs. Every other column must be in `columns`.
    """

    name: str
    model: str
    owner: str  # the lookup of the user
    columns: tuple[str, ...]
    without: tuple[str, ...] = ()

    def lines(self, user: User) -> Iterator[bytes]:
        rows = apps.get_model(self.model)._base_manager.filter(**{self.owner: user.pk})
        values = rows.order_by("pk").values(*self.columns)
        for row in values.iterator(chunk_size=CHUNK):
            yield orjson.dumps(row, option=orjson.OPT_UTC_Z)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the archive, about which the index says a sentence.

    A part that writes nothing is not in the archive.
    """

    file: str
    about: str
    models: tuple[str, ...]
    write: Callable[[User], Iterable[bytes]]


def part_of_tables(file: str, about: str, *tables: Table) -> Part:
    """Return a JSON file with an array of rows for each table."""

    def write(user: User) -> Iterator[bytes]:
        before = b"{"
        for table in tables:
            yield before + orjson.dumps(table.name) + b":[\n"
            between = b""
            for line in table.lines(user):
                yield between + line
                between = b",\n"
            yield b"\n]"
            before = b",\n"
        yield b"}\n"

    return Part(file, about, tuple(table.model for table in tables), write)


# --- What is in it ------------------------------------------------------------------

TABLES_OF_ACCOUNT = (
    Table(
        "account",
        "accounts.User",
        "pk",
        (
            *("id", "email", "display_name", "timezone", "day_start", "week_start"),
            *("theme", "clock", "density", "letter_keys", "show_statistics"),
            *(
                "reminder_mails",
                "is_active",
                "is_staff",
                "is_superuser",
                "factor_since",
            ),
            *("last_login", "delete_after", "created_at", "updated_at"),
        ),
        without=("password", "credential_epoch", "credentials_ended_at"),
    ),
    Table(
        "addresses",
        "account.EmailAddress",
        "user",
        ("email", "verified", "primary"),
        without=("id", "user_id"),
    ),
    Table(
        "groups",
        "accounts.User_groups",
        "user",
        ("group__name",),
        without=("id", "user_id", "group_id"),
    ),
    Table(
        "permissions",
        "accounts.User_user_permissions",
        "user",
        ("permission__codename",),
        without=("id", "user_id", "permission_id"),
    ),
)
TABLES_OF_SIGN_INS = (
    Table(
        "browser_sessions",
        "accounts.BrowserSession",
        "user",
        (
            *("public_id", "created_at", "last_seen_at", "expire_date"),
            *("device", "network"),
        ),
        without=("session_key", "session_data", "user_id", "auth_hash"),
    ),
    Table(
        "connected_sign_ins",
        "accounts.LinkedIdentity",
        "user",
        (
            *("id", "issuer", "subject", "known_as", "created_at", "last_used_at"),
            *("suspended_at", "skips_factor"),
        ),
        without=("user_id",),
    ),
    Table(
        "sign_ins_by_openid",
        "socialaccount.SocialAccount",
        "user",
        ("provider", "uid", "extra_data", "date_joined", "last_login"),
        without=("id", "user_id"),
    ),
    Table(
        "sign_ins_by_token",
        "accounts.RefreshFamily",
        "user",
        (
            *("id", "identity_id", "authenticated_at", "created_at", "refreshed_at"),
            *("expires_at", "revoked_at", "device", "network"),
        ),
        without=("user_id", "epoch", "generation", "kept_pair"),
    ),
    Table(
        "access_tokens",
        "accounts.PersonalAccessToken",
        "user",
        (
            *("id", "name", "scopes", "lists", "created_at", "expires_at"),
            *("last_used_at", "device", "network", "revoked_at"),
        ),
        without=("user_id", "digest", "epoch"),
    ),
    Table(
        "trusted_browsers",
        "accounts.TrustedBrowser",
        "user",
        (
            *("id", "created_at", "expires_at", "last_used_at"),
            *("device", "network"),
        ),
        without=("user_id", "digest", "fingerprint"),
    ),
    Table(
        "second_factors",
        "mfa.Authenticator",
        "user",
        ("type", "created_at", "last_used_at"),
        without=("id", "user_id", "data"),
    ),
)
EVENTS = Table(
    "events",
    "accounts.SecurityEvent",
    "user",
    (
        *("id", "kind", "at", "about", "request_id", "by_digest"),
        *("chain", "number", "digest"),
    ),
    without=("user_id", "by_id"),
)
GRANTS = Table(
    "views",
    "accounts.SupportGrant",
    "user",
    ("id", "reason", "granted_at", "expires_at", "ended_at", "wrong_codes"),
    without=("user_id", "epoch", "opened_by_id"),
)
LOOKS = Table(
    "looks",
    "accounts.SupportLook",
    "grant__user",
    ("grant_id", "by__email", "at", "page", "object_id"),
    without=("id", "by_id"),
)

PARTS = [
    part_of_tables(
        "account.json", "Your address, name and settings.", *TABLES_OF_ACCOUNT
    ),
    part_of_tables(
        "sign-ins.json",
        "What signs you in: browsers, apps, access tokens, connected sign-ins and"
        " second steps, without their secrets.",
        *TABLES_OF_SIGN_INS,
    ),
    part_of_tables(
        "security-events.json", "What happened to the security of your account.", EVENTS
    ),
    part_of_tables(
        "support.json", "When you let support look at your tasks.", GRANTS, LOOKS
    ),
]

# Tables with rows of users that are in no part, and why.
LEFT_OUT = {
    "accounts.EventChain": "The last number and digest of your security events, to"
    " verify them. They follow from the events.",
    "account.EmailConfirmation": "Unused: links to confirm an address are signed, and"
    " not stored.",
    "socialaccount.SocialToken": "Unused: tokens of other services are secrets, and not"
    " kept.",
    "admin.LogEntry": "What support staff did in the admin. What concerns you is among"
    " your security events.",
}


def register(*parts: Part, left_out: dict[str, str]) -> None:
    """Add the parts of another app, and the tables that it leaves out."""
    PARTS.extend(parts)
    LEFT_OUT.update(left_out)


# --- The file -----------------------------------------------------------------------


def archive_file(user: User, *, at: datetime) -> IO[bytes]:
    """Return the archive, complete before its first byte is sent.

    All parts show the same moment. Only a part of the tasks and of their history is in
    memory; the other tables of a user are small.
    """
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
        _fill(file, user, at)
        if file.tell() > IN_MEMORY:
            stack.pop_all()  # the response closes it
            file.seek(0)
            return file
        file.seek(0)
        return io.BytesIO(file.read())


def _fill(file: IO[bytes], user: User, at: datetime) -> None:
    """Write the archive, and leave the file at its end."""
    with (
        rows_of(user.pk),
        read_snapshot(),
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        written = [part for part in PARTS if _write(archive, part, user, at)]
        context = {"account": user, "at": at, "parts": written, "left_out": LEFT_OUT}
        index = render_to_string("accounts/archive.html", context)
        archive.writestr(_member(INDEX, at), index)
    file.seek(0, io.SEEK_END)


def filename(*, at: datetime) -> str:
    return f"ownlist-everything-{at.date()}.zip"


def _write(archive: zipfile.ZipFile, part: Part, user: User, at: datetime) -> bool:
    """Write one file; return whether it has any content."""
    pieces = iter(part.write(user))
    first = next(pieces, None)
    if first is None:
        return False
    with archive.open(_member(part.file, at), "w", force_zip64=True) as member:
        member.write(first)
        for piece in pieces:
            member.write(piece)
    return True


def _member(name: str, at: datetime) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, at.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16  # only its owner reads it
    return member
