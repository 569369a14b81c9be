"""The roles of a deployment on PostgreSQL: creating one, and checking it."""

import re
from io import StringIO
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from config import checks
from config.postgresql.roles import Role, as_owner, warn_of_unlimited_role
from config.row_security import rows_of
from tests.runtime_role import cursor_of_the_owner


@pytest.fixture
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")


@pytest.fixture
def name(postgresql):
    name = f"{connection.settings_dict['NAME']}_made"
    yield name
    with rows_of(None), as_owner(), connection.cursor() as cursor:
        cursor.execute(f"GRANT {name} TO CURRENT_USER")
        cursor.execute(f"DROP OWNED BY {name}")
        cursor.execute(f"DROP ROLE {name}")


def create(*arguments):
    out = StringIO()
    call_command("create_runtime_role", *arguments, stdout=out)
    return out.getvalue()


def test_creates_a_role_that_can_work_but_owns_nothing(name):
    printed = create(name)

    (line,) = [line for line in printed.splitlines() if " DATABASE_URL=" in line]
    password = urlsplit(line.split("=", 1)[1]).password
    chosen = connection.get_connection_params()
    place = {key: chosen[key] for key in ("host", "port", "dbname")}
    with psycopg.connect(user=name, password=password, **place) as service:
        found = service.execute("SELECT count(*) FROM todos_task").fetchone()
        service.execute("SELECT * FROM todos_surplus_import_files(now(), 50)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute("ALTER TABLE todos_task NO FORCE ROW LEVEL SECURITY")
    assert found == (0,)
    with rows_of(None):
        role = Role.named(name)
    assert role == Role(bypasses_row_security=False, owns_tables=False)


def test_a_second_run_keeps_the_password(name):
    create(name)

    assert "DATABASE_URL" not in create(name)


def test_can_only_print_the_statements(postgresql):
    printed = create("ownlist_printed", "--sql")

    assert 'CREATE ROLE "ownlist_printed" LOGIN;' in printed
    assert r'\password "ownlist_printed"' in printed
    with rows_of(None):
        assert Role.named("ownlist_printed") is None


def test_the_statements_include_the_tables_of_later_migrations(name):
    printed = create(name, "--sql")
    owner = settings.MIGRATION_DATABASE["USER"]
    changes = re.findall(r"^ALTER DEFAULT PRIVILEGES (.*?) IN", printed, re.MULTILINE)

    with cursor_of_the_owner() as cursor:
        for statement in re.findall(r"^[A-Z].*;$", printed, re.MULTILINE):
            cursor.execute(statement)
        cursor.execute("CREATE TABLE of_a_later_migration (id integer)")
    try:
        with cursor_of_the_owner() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, 'of_a_later_migration', 'UPDATE')",
                [name],
            )
            assert cursor.fetchone() == (True,)
    finally:
        with cursor_of_the_owner() as cursor:
            cursor.execute("DROP TABLE of_a_later_migration")
    # By name, because a superuser may run them.
    assert set(changes) == {f'FOR ROLE "{owner}"'}


def test_the_printed_role_has_no_password_that_is_known(postgresql):
    printed = create("ownlist_printed", "--sql")

    statements = [line for line in printed.splitlines() if line[:2] != "--"]
    assert "PASSWORD" not in "".join(statements)


def test_refuses_a_role_that_owns_the_tables(postgresql):
    with pytest.raises(CommandError, match="owns tables"):
        create(settings.MIGRATION_DATABASE["USER"])


def test_sqlite_has_no_roles(db):
    if connection.vendor == "postgresql":
        pytest.skip("SQLite only")

    with pytest.raises(CommandError, match="nothing to do"):
        create("ownlist_app")


def ids(messages):
    return {message.id for message in messages}


def test_the_role_of_the_service_passes_the_check_and_the_owner_does_not(postgresql):
    with rows_of(None):
        service = ids(checks.check_runtime_role(databases=["default"]))
        with as_owner():
            owner = ids(checks.check_runtime_role(databases=["default"]))

    assert service == set()
    assert owner == {"config.W025"}


def test_a_role_that_bypasses_the_policies_is_reported(postgresql, monkeypatch):
    role = Role(bypasses_row_security=True, owns_tables=False)
    monkeypatch.setattr(Role, "of_connection", lambda: role)

    found = checks.check_runtime_role(databases=["default"])

    assert ids(found) == {"config.W024"}


@pytest.mark.parametrize("bypasses", [True, False])
def test_a_process_that_starts_with_such_a_role_logs_a_warning(
    postgresql, monkeypatch, caplog, bypasses
):
    role = Role(bypasses_row_security=bypasses, owns_tables=False)
    monkeypatch.setattr(Role, "of_connection", lambda: role)

    warn_of_unlimited_role()

    assert ("row-level security is not in effect" in caplog.text) == bypasses


def test_an_sqlite_database_has_no_owner(settings):
    settings.MIGRATION_DATABASE = {"ENGINE": "config.sqlite"}

    assert ids(checks.check_migration_database()) == {"config.E023"}
