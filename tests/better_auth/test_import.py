"""The import of users from a Better Auth database."""

import csv
import json
import secrets
import sys
from datetime import UTC, datetime
from io import StringIO

import psycopg
import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from psycopg import sql

from accounts.better_auth.importing import Outcome, SourceUser, import_user
from accounts.models import LinkedIdentity, SecurityEvent, User

pytestmark = pytest.mark.django_db

ISSUER = "https://app.example.com"
PASSWORD = "a long and quiet passphrase"  # noqa: S105
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
BORN = datetime(2024, 2, 29, 8, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hashers(settings):
    settings.PASSWORD_HASHERS = [
        *settings.PASSWORD_HASHERS,
        "accounts.better_auth.passwords.BetterAuthPasswordHasher",
    ]


def sign_in(email, password=PASSWORD):
    return Client().post(
        "/api/v1/auth/token",
        json.dumps({"email": email, "password": password}),
        content_type="application/json",
    )


# --- One row ------------------------------------------------------------------------


def row(**changes):
    words = {
        "id": "user-1",
        "name": "Alice",
        "email": "alice@example.com",
        "email_verified": True,
        "created_at": BORN,
        "banned": False,
        "password": None,
    }
    return SourceUser(**words | changes)


def brought(one, *, dry_run=False):
    return import_user(one, issuer=ISSUER, at=AT, dry_run=dry_run)


def test_a_row_becomes_an_account_with_its_identity():
    report = brought(row())

    user = User.objects.get()
    assert (report.id, report.outcome) == ("user-1", Outcome.CREATED)
    assert (user.email, user.display_name) == ("alice@example.com", "Alice")
    assert user.is_active
    assert user.created_at == BORN
    identity = user.identities.get()
    assert (identity.issuer, identity.subject) == (ISSUER, "user-1")
    assert user.security_events.get().kind == SecurityEvent.Kind.SIGNED_UP


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_stays_verified_or_unverified(verified):
    brought(row(email="Alice@Example.com", email_verified=verified))

    address = EmailAddress.objects.get()
    assert (address.email, address.primary) == ("alice@example.com", True)
    assert address.verified is verified


def test_a_banned_user_is_imported_deactivated():
    brought(row(banned=True))

    assert not User.objects.get().is_active


def test_a_row_without_a_time_gets_the_time_of_the_import():
    brought(row(created_at=None))

    assert User.objects.get().created_at == AT


def test_an_old_password_is_kept_and_never_shown():
    one = row(password=f"{'0a' * 16}:{'f' * 128}")

    report = brought(one)

    assert User.objects.get().password.startswith("better_auth$")
    assert report.note == ""
    assert "f" * 128 not in repr(one)


@pytest.mark.parametrize(
    ("password", "note"),
    [(None, "No password"), ("", "No password"), ("$2b$12$abc", "another kind")],
)
def test_without_a_hash_of_this_kind_the_user_has_no_password(password, note):
    report = brought(row(password=password))

    assert report.outcome == Outcome.CREATED
    assert note in report.note
    assert not User.objects.get().has_usable_password()


def test_a_row_imported_before_is_known():
    brought(row())

    again = brought(row(name="Somebody else", email="other@example.com"))

    assert again.outcome == Outcome.KNOWN
    assert User.objects.get().display_name == "Alice"
    assert LinkedIdentity.objects.count() == 1


@pytest.mark.parametrize("spelling", ["alice@example.com", "ALICE@Example.COM"])
def test_an_account_with_the_address_is_left_alone(alice, spelling):
    before = User.objects.values().get()

    report = brought(row(email=spelling, password=f"{'0a' * 16}:{'f' * 128}"))

    assert report.outcome == Outcome.EMAIL_TAKEN
    assert User.objects.values().get() == before
    assert not LinkedIdentity.objects.exists()


def test_a_verified_second_address_of_an_account_is_taken_as_well(bob):
    EmailAddress.objects.create(user=bob, email="alice@example.com", verified=True)

    report = brought(row())

    assert report.outcome == Outcome.EMAIL_TAKEN
    assert User.objects.get() == bob


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "x" * 256},
        {"id": "a\x07b"},
        {"email": ""},
        {"email": "no address"},
        {"email": "älice@example.com"},
        {"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com"},
    ],
)
def test_an_invalid_row_is_refused_with_a_reason(changes):
    report = brought(row(**changes))

    assert report.outcome == Outcome.REFUSED
    assert report.note
    assert "@" not in report.note
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", ""), ("  Alice  ", "Alice"), ("A" * 300, "A" * 100), ("A\x07lice", "")],
)
def test_a_name_is_imported_as_far_as_it_is_valid(name, kept):
    brought(row(name=name))

    assert User.objects.get().display_name == kept


def test_a_dry_run_says_the_same_and_stores_nothing(alice):
    outcomes = [
        brought(one, dry_run=True).outcome
        for one in (row(id="2", email="new@example.com"), row(), row(email="x"))
    ]

    assert outcomes == [Outcome.CREATED, Outcome.EMAIL_TAKEN, Outcome.REFUSED]
    assert User.objects.get() == alice
    assert not LinkedIdentity.objects.exists()
    assert not SecurityEvent.objects.exists()


# --- The command: its arguments -----------------------------------------------------


@pytest.fixture
def trusted(settings):
    settings.BETTER_AUTH_ISSUERS = json.dumps([{"url": ISSUER}])


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("postgresql://sarah:s3cret-word@127.0.0.1:1/db", "s3cret-word"),
        ("postgresqlx://sarah:s3cret-word@127.0.0.1/db", "s3cret-word"),
        ("postgresql://sarah:s3cret-word@127.0.0.1:port/db", "s3cret-word"),
        ("s3cret-word", "s3cret-word"),
    ],
)
def test_an_unreachable_database_url_is_not_shown(
    trusted, monkeypatch, address, hidden
):
    monkeypatch.setenv("BETTER_AUTH_DATABASE_URL", address)

    with pytest.raises(CommandError, match="can't be read") as caught:
        call_command("import_better_auth")

    assert hidden not in str(caught.value)
    assert "sarah" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_missing_address_is_asked_for_by_its_variable(trusted, monkeypatch):
    monkeypatch.delenv("ELSEWHERE", raising=False)

    with pytest.raises(CommandError, match="Set ELSEWHERE to the URL"):
        call_command("import_better_auth", "--database-env", "ELSEWHERE")


@pytest.mark.parametrize("named", [[], ["--issuer", "https://other.example"]])
def test_the_issuer_of_the_users_must_be_unambiguous(settings, named):
    settings.BETTER_AUTH_ISSUERS = json.dumps(
        [{"url": "https://one.example"}, {"url": "https://two.example"}]
    )

    with pytest.raises(CommandError, match=r"https://one\.example, https://two"):
        call_command("import_better_auth", *named)


def test_without_an_issuer_nothing_is_imported():
    with pytest.raises(CommandError, match="set BETTER_AUTH_URL"):
        call_command("import_better_auth")


@pytest.mark.parametrize("pair", ["email", "email=", "secret=x", "=x"])
def test_a_column_is_named_as_name_and_real(trusted, pair):
    with pytest.raises(CommandError, match="NAME=REAL"):
        call_command("import_better_auth", "--column", pair)


def test_a_report_that_cannot_be_written_stops_before_the_first_row(trusted, tmp_path):
    with pytest.raises(CommandError, match="--report"):
        call_command("import_better_auth", "--report", str(tmp_path / "no" / "file"))


# --- The command: a real database ---------------------------------------------------


class Source:
    """A Better Auth server on PostgreSQL, its database, and our command."""

    def __init__(self, server, address):
        self.server = server
        self.address = address

    def execute(self, text, *values):
        with psycopg.connect(self.address) as connection:
            return connection.execute(text, values)

    def run_import(self, *options):
        out, err = StringIO(), StringIO()
        call_command("import_better_auth", *options, stdout=out, stderr=err)
        assert err.getvalue() == ""  # no progress bar without a terminal
        return out.getvalue().strip()


@pytest.fixture
def source(better_auth_on_postgresql, better_auth_database, trust, monkeypatch):
    monkeypatch.setenv("BETTER_AUTH_DATABASE_URL", better_auth_database)
    trust(better_auth_on_postgresql)
    return Source(better_auth_on_postgresql, better_auth_database)


@pytest.mark.needs_postgresql
def test_imported_users_sign_in_with_their_password(source):
    source.server.sign_up("alice@example.com", PASSWORD, "Alice")

    output = source.run_import()

    assert output == "Done: 1 created, 0 known, 0 email_taken, 0 refused."
    assert sign_in("alice@example.com").status_code == 200
    assert sign_in("alice@example.com", "another passphrase").status_code == 401
    assert not User.objects.get().password.startswith("better_auth$")


@pytest.mark.needs_postgresql
def test_the_token_of_the_user_opens_the_same_account(source, api_with):
    external_user = source.server.sign_up("alice@example.com", name="Alice")
    source.server.update_user(external_user, emailVerified=True)
    born = source.execute('SELECT "createdAt" FROM "user"').fetchone()[0]

    source.run_import()
    me = api_with(source.server.token(external_user)).get("/api/v1/users/me").json()

    user = User.objects.get()
    assert me["id"] == str(user.pk)
    assert me["email"] == "alice@example.com"
    assert user.created_at == born
    assert user.identities.get().subject == external_user.user_id
    assert EmailAddress.objects.get(user=user).verified


@pytest.mark.needs_postgresql
def test_a_banned_user_is_refused_by_every_credential(source, api_with):
    external_user = source.server.sign_up("alice@example.com")
    token = source.server.token(external_user)
    source.server.ban_in_database(external_user)

    source.run_import()

    assert not User.objects.get().is_active
    assert sign_in("alice@example.com").status_code == 401
    assert api_with(token).get("/api/v1/users/me").status_code == 401


@pytest.mark.needs_postgresql
def test_a_dry_run_leaves_both_databases_as_they_are(source):
    source.server.sign_up()
    before = source.execute('SELECT * FROM "user"').fetchall()

    output = source.run_import("--dry-run")

    assert output == "Dry run: 1 would be created, 0 known, 0 email_taken, 0 refused."
    assert not User.objects.exists()
    assert source.execute('SELECT * FROM "user"').fetchall() == before


@pytest.mark.needs_postgresql
def test_a_second_run_imports_only_new_users(source):
    source.server.sign_up()
    source.run_import()
    source.server.sign_up()

    output = source.run_import()

    assert output == "Done: 1 created, 1 known, 0 email_taken, 0 refused."
    assert User.objects.count() == LinkedIdentity.objects.count() == 2


@pytest.mark.needs_postgresql
def test_continues_after_the_given_row(source):
    signed_up = sorted(
        (source.server.sign_up() for _ in range(3)), key=lambda p: p.user_id
    )

    output = source.run_import("--after", signed_up[0].user_id)

    assert output.startswith("Done: 2 created, 0 known")
    assert not User.objects.filter(email=signed_up[0].email).exists()


@pytest.mark.needs_postgresql
def test_reads_more_than_a_page_and_each_once(source, monkeypatch):
    monkeypatch.setattr("accounts.better_auth.importing.PAGE_SIZE", 2)
    for _ in range(5):
        source.server.sign_up()

    assert source.run_import().startswith("Done: 5 created, 0 known")
    assert User.objects.count() == 5


@pytest.mark.needs_postgresql
def test_invalid_rows_are_reported_and_the_others_imported(source, alice, tmp_path):
    source.server.sign_up("alice@example.com")
    signed_up = [source.server.sign_up() for _ in range(3)]
    for external_user, email in zip(
        signed_up, ["no address", "ä@example.com"], strict=False
    ):
        source.execute(
            'UPDATE "user" SET email = %s WHERE id = %s', email, external_user.user_id
        )
    source.execute(
        "UPDATE account SET password = 'bcrypt$x' WHERE \"userId\" = %s",
        signed_up[2].user_id,
    )
    path = tmp_path / "report.csv"

    output = source.run_import("--report", str(path))

    assert output == "Done: 1 created, 0 known, 1 email_taken, 2 refused."
    report = StringIO(path.read_text(encoding="utf-8"))
    lines = {line["id"]: line for line in csv.DictReader(report)}
    assert len(lines) == 4
    assert lines[signed_up[0].user_id]["outcome"] == "refused"
    assert lines[signed_up[2].user_id]["outcome"] == "created"
    assert "reset" in lines[signed_up[2].user_id]["note"]
    alice.refresh_from_db()
    assert not alice.identities.exists()
    assert sign_in(alice.email).status_code == 401  # Better Auth's password


@pytest.mark.needs_postgresql
def test_a_report_has_no_formula_no_address_and_no_hash(source, tmp_path):
    external_user = source.server.sign_up("alice@example.com")
    (kept,) = source.execute("SELECT password FROM account").fetchone()
    formula = '=HYPERLINK("http://evil.example")'
    source.execute('ALTER TABLE account DROP CONSTRAINT "account_userId_fkey"')
    source.execute('UPDATE account SET "userId" = %s', formula)
    source.execute('DELETE FROM session WHERE "userId" = %s', external_user.user_id)
    source.execute('UPDATE "user" SET id = %s', formula)
    path = tmp_path / "report.csv"

    output = source.run_import("--report", str(path))

    text = path.read_text(encoding="utf-8")
    (line,) = csv.DictReader(StringIO(text))
    assert line["id"] == f"'{formula}"
    assert line["outcome"] == "created"
    for secret in ("alice@example.com", kept, kept.split(":")[1], source.address):
        assert secret not in text + output


@pytest.mark.needs_postgresql
def test_tables_and_columns_may_have_other_names(source):
    source.server.sign_up("alice@example.com", PASSWORD)
    columns = {
        "user": {
            "name": "full_name",
            "email": "mail",
            "emailVerified": "email_verified",
            "createdAt": "created_at",
            "banned": "is_banned",
        },
        "account": {
            "userId": "user_id",
            "providerId": "provider_id",
            "password": 'pass"word',
        },
    }
    for table, names in columns.items():
        for name, real in names.items():
            rename = sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}")
            source.execute(rename.format(*map(sql.Identifier, (table, name, real))))
    # Other tools create columns without a time zone, in UTC.
    source.execute('ALTER TABLE "user" ALTER created_at TYPE timestamp')
    source.execute("UPDATE \"user\" SET created_at = '2024-02-29 08:30'")
    source.execute('ALTER TABLE "user" RENAME TO people')
    source.execute("ALTER TABLE account RENAME TO ways_in")
    options = [
        f"--column={name}={real}"
        for names in columns.values()
        for name, real in names.items()
    ]

    output = source.run_import(
        "--user-table=people", "--account-table=ways_in", *options
    )

    assert output.startswith("Done: 1 created")
    assert sign_in("alice@example.com").status_code == 200
    assert User.objects.get().created_at == BORN


@pytest.mark.needs_postgresql
def test_works_without_the_admin_plugin_and_without_a_password(source):
    source.server.sign_up()
    source.execute('ALTER TABLE "user" DROP COLUMN banned')
    source.execute('UPDATE account SET "providerId" = %s, password = NULL', "github")

    assert source.run_import().startswith("Done: 1 created")
    assert not User.objects.get().has_usable_password()


@pytest.mark.needs_postgresql
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--user-table", "people"], "--user-table"),
        (["--account-table", "ways_in"], "--account-table"),
        (["--column", "email=mail"], "--column"),
        (["--column", "password=hash"], "--column"),
        (["--user-table", 'x"; DROP TABLE "user'], "--user-table"),
    ],
)
def test_a_missing_table_or_column_is_explained(source, options, says):
    source.server.sign_up()

    with pytest.raises(CommandError, match=says) as caught:
        source.run_import(*options)

    assert source.address not in str(caught.value)
    assert source.execute('SELECT count(*) FROM "user"').fetchone() == (1,)


@pytest.mark.needs_postgresql
def test_a_role_without_permission_is_reported(source, monkeypatch):
    role = f"reader_{secrets.token_hex(8)}"
    source.execute(f"CREATE ROLE {role} LOGIN PASSWORD 's3cret-word'")
    address = source.address.replace(
        source.address.split("//")[1].split("@")[0], f"{role}:s3cret-word"
    )
    monkeypatch.setenv("BETTER_AUTH_DATABASE_URL", address)

    try:
        with pytest.raises(CommandError) as caught:
            source.run_import()
    finally:
        source.execute(f"DROP ROLE {role}")

    assert str(caught.value) == "The role may not read these tables."


@pytest.mark.needs_postgresql
def test_a_role_that_does_not_exist_is_not_repeated(source, monkeypatch):
    name = source.address.split("//")[1].split("@")[0]
    address = source.address.replace(name, "nobody_here:s3cret-word")
    monkeypatch.setenv("BETTER_AUTH_DATABASE_URL", address)

    with pytest.raises(CommandError, match="name and password") as caught:
        source.run_import()

    assert "nobody_here" not in str(caught.value)
    assert "s3cret-word" not in str(caught.value)


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.needs_postgresql
def test_a_terminal_shows_a_progress_bar_that_reaches_its_end(source, monkeypatch):
    first, *_ = sorted(source.server.sign_up().user_id for _ in range(3))
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    call_command("import_better_auth", after=first, stdout=StringIO())

    assert " 2/2 [" in screen.getvalue()
    assert screen.getvalue().endswith("\n")
