"""The SQL for Citus is complete, and PostgreSQL accepts it.

Citus isn't here: its functions are replaced by ones that note their calls.
"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.postgresql.roles import as_owner
from tests.runtime_role import cursor_of_the_owner, owned_models
from todos.management.commands.distribute import SHARED

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite can't be split"
)

REPLACEMENTS = [
    "CREATE TABLE calls (number bigint GENERATED ALWAYS AS IDENTITY, what text)",
    "CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE sql"
    " AS $$INSERT INTO calls (what) VALUES (name || ' everywhere')$$",
    "CREATE FUNCTION create_distributed_table(name regclass, key text,"
    " colocate_with text) RETURNS void LANGUAGE sql AS $$INSERT INTO calls (what)"
    " VALUES (name || ' by ' || key || ' as ' || colocate_with)$$",
    "CREATE FUNCTION truncate_local_data_after_distributing_table(name regclass)"
    " RETURNS void LANGUAGE sql AS"
    " $$INSERT INTO calls (what) VALUES ('emptied ' || name)$$",
]
REFERENCES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype = 'f' ORDER BY 1, 2
"""
# A policy that Citus refuses has a subquery.
POLICIES = """
SELECT polrelid::regclass::text, polname, polqual::text LIKE '%SUBLINK%',
    pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid)
FROM pg_policy WHERE polname <> 'tests'
"""


def printed():
    output = StringIO()
    call_command("distribute", "--print", stdout=output)
    return output.getvalue()


def tables():
    return {model._meta.db_table for model in owned_models()}


@pytest.fixture
def tried():
    """Run the statements, and return what answers to queries afterwards."""
    statements = [
        text
        for line in printed().splitlines()
        if (text := line.partition("--")[0].rstrip().removesuffix(";"))
    ]
    assert statements.count("BEGIN") == statements.count("COMMIT") == 1
    with as_owner(), connection.cursor() as cursor:

        def fetch(query):
            cursor.execute(query)
            return cursor.fetchall()

        cursor.execute("BEGIN")
        try:
            for statement in REPLACEMENTS:
                cursor.execute(statement)
            before = fetch(REFERENCES)
            for statement in statements:
                if statement not in {"BEGIN", "COMMIT"}:
                    cursor.execute(statement)
            yield before, fetch
        finally:
            cursor.execute("ROLLBACK")


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_every_table_is_split_by_its_owner_beside_the_others(tried):
    _, fetch = tried

    calls = [what for (what,) in fetch("SELECT what FROM calls ORDER BY number")]

    split = [call for call in calls if " by " in call]
    first = split[0].split()[0]
    assert calls[: len(SHARED)] == [f"{table} everywhere" for table in SHARED]
    assert split[0] == f"{first} by owner_id as none"
    assert {*split[1:]} == {
        f"{table} by owner_id as {first}" for table in tables() - {first}
    }
    emptied = {call for call in calls if call.startswith("emptied ")}
    assert emptied == {f"emptied {table}" for table in tables() | {*SHARED}}
    assert len(calls) == 2 * len(tables() | {*SHARED})


@on_postgresql
@pytest.mark.django_db
def test_what_every_server_has_refers_to_nothing_else():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text"
            " FROM pg_constraint WHERE contype = 'f'"
            " AND conrelid::regclass::text = ANY(%s)",
            [[*SHARED]],
        )
        references = cursor.fetchall()

    for table, target in references:
        assert target in SHARED[: SHARED.index(table)]


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_every_reference_is_made_again(tried):
    before, fetch = tried

    assert fetch(REFERENCES) == before


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_policies_are_there_without_subqueries_and_off(tried):
    _, fetch = tried

    found = fetch(POLICIES)

    assert sorted((table, name) for table, name, *_ in found) == sorted(
        (table, name) for table in tables() for name in ("maintenance", "owner_only")
    )
    assert {(has_subquery, checks) for *_, has_subquery, checks in found} == {
        (False, True)
    }
    ((enforced,),) = fetch(
        "SELECT bool_or(relrowsecurity OR relforcerowsecurity) FROM pg_class"
        " WHERE oid IN (SELECT polrelid FROM pg_policy)"
    )
    assert enforced is False


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_key_without_the_owner_is_named():
    with cursor_of_the_owner() as cursor:
        cursor.execute("CREATE UNIQUE INDEX todos_wrong ON todos_task (id)")
        try:
            with pytest.raises(CommandError, match="lack the owner: todos_wrong"):
                printed()
        finally:
            cursor.execute("DROP INDEX todos_wrong")


def test_it_only_prints():
    with pytest.raises(CommandError, match="add --print"):
        call_command("distribute")


@pytest.mark.django_db
def test_sqlite_is_refused():
    if connection.vendor == "postgresql":
        pytest.skip("this is PostgreSQL")

    with pytest.raises(CommandError, match="use PostgreSQL"):
        printed()
