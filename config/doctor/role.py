"""Checks of the role on PostgreSQL: its rights, its limits, and a pooler in front."""

import os
from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from config.checks import check_runtime_role
from config.doctor.findings import Finding, counted, error, ok, warning
from config.doctor.system_checks import as_finding
from config.postgresql.pooling import is_behind_pooler, lends_sessions

CONNECTIONS = 5  # of a process: one for each thread, and one for `/readyz`
LIMITS = {"statement_timeout": "15s", "lock_timeout": "5s"}


def check_role() -> Iterator[Finding]:
    """Check that the role may do what the service does, and not more."""
    if connection.vendor != "postgresql":
        yield ok("SQLite has no roles.")
        return
    messages = list(check_runtime_role(databases=["default"]))
    yield from map(as_finding, messages)
    if not messages:
        yield ok("The role owns no table, and row-level security limits it.")
    if denied := _denied_tables():
        yield error(
            f"The role may not read and write {counted(len(denied), 'table')},"
            f" such as {denied[0]}.",
            "As the owner of the tables, run manage.py create_runtime_role again with"
            " the name of this role.",
        )
    if not denied and _denies_later_tables():
        yield error(
            "The role may not read and write the tables of later migrations.",
            "As the owner of the tables, run manage.py create_runtime_role again with"
            " the name of this role, before the next upgrade.",
        )
    yield from _examine_limits()
    yield from _examine_connections()


def _denied_tables() -> list[str]:
    """Return the tables of Ownlist that the role may not use."""
    tables = sorted({model._meta.db_table for model in apps.get_models()})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name"
            " WHERE to_regclass(name) IS NOT NULL AND NOT ("
            " has_table_privilege(name, 'SELECT')"
            " AND has_table_privilege(name, 'INSERT')"
            " AND has_table_privilege(name, 'UPDATE')"
            " AND has_table_privilege(name, 'DELETE')) ORDER BY name",
            [tables],
        )
        return [name for (name,) in cursor.fetchall()]


def _denies_later_tables() -> bool:
    """Whether tables that their owner makes from now on are closed to the role."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT pg_has_role(relowner, 'USAGE') AND ("
            " SELECT count(DISTINCT privilege_type)"
            " FROM pg_default_acl, aclexplode(defaclacl)"
            " WHERE defaclrole = relowner AND defaclobjtype = 'r'"
            " AND defaclnamespace IN (0, relnamespace)"
            " AND CASE grantee WHEN 0 THEN true"
            " ELSE pg_has_role(grantee, 'USAGE') END"
            " AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) < 4"
            " FROM pg_class WHERE oid = to_regclass('django_migrations')"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _examine_limits() -> Iterator[Finding]:
    """Look at the time limits of a transaction, as a request has them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting::integer FROM pg_settings WHERE name = ANY(%s)",
            [list(LIMITS)],
        )
        unlimited = sorted(name for name, value in cursor.fetchall() if not value)
    for name in unlimited:
        yield warning(
            f"There is no {name}, so one statement can hold a thread for ever.",
            f"Remove {name}=0 from DATABASE_URL. Behind a pooler in session mode, run"
            f" as the owner: ALTER ROLE <role> SET {name} = '{LIMITS[name]}';",
        )
    if not unlimited:
        yield ok(f"The role has limits: {', '.join(LIMITS)}.")


def _examine_connections() -> Iterator[Finding]:
    """Compare the connections of one instance and one sender with those allowed.

    How many there are of each is not known: several machines may have some.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::integer"
            " - current_setting('superuser_reserved_connections')::integer,"
            " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)"
        )
        most, of_the_role = cursor.fetchone()
    if of_the_role >= 0:
        most = min(most, of_the_role)
    workers = _workers()
    needed = workers * CONNECTIONS
    text = (
        f"An instance with {counted(workers, 'worker')} opens up to {needed}"
        f" connections and the sender of reminders 1; {most} are allowed for all."
    )
    if needed + 1 > most and not settings.DATABASE_POOLED:
        yield warning(
            text, "Lower WORKERS, raise max_connections, or put a pooler in front."
        )
    else:
        yield ok(text)


def _workers() -> int:
    """Return the number of processes of this machine."""
    configured = os.environ.get("WORKERS", "")
    return int(configured) if configured.isdigit() else os.cpu_count() or 1


def check_pooler() -> Iterator[Finding]:
    """Check that DATABASE_POOLED says whether a pooler is in front."""
    if connection.vendor != "postgresql":
        yield ok("SQLite needs no pooler.")
        return
    is_set = settings.DATABASE_POOLED
    is_pooled = (is_behind_pooler if is_set else lends_sessions)(connection)
    if is_pooled and not is_set:
        yield error(
            "A pooler is in front of PostgreSQL, and DATABASE_POOLED is false.",
            "Set DATABASE_POOLED=true. Otherwise requests fail, because prepared"
            " statements of several clients have the same names.",
        )
    elif is_set and not is_pooled:
        yield warning(
            "DATABASE_POOLED is true, but no pooler was found.",
            "Remove DATABASE_POOLED: each request then opens a new connection.",
        )
    elif is_pooled:
        yield ok("A pooler is in front, and DATABASE_POOLED is true.")
    else:
        yield ok("No pooler lends sessions, and DATABASE_POOLED is false.")
