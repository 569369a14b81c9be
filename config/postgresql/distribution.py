"""The statements that split tables by owner with Citus, an extension of PostgreSQL.

Rows of one owner are kept together on one server, and tables that are joined with them
are copied to all of them. What is here follows Citus's documentation; the engine itself
was not at hand when it was written, so try it on a copy first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)
ORDER BY 1, 2
"""
POLICIES = """
SELECT polrelid::regclass::text, quote_ident(polname) FROM pg_policy
WHERE polrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""
# Unique keys that lack the owner: two servers could not compare theirs.
KEYS_WITHOUT_OWNER = """
SELECT indexrelid::regclass::text FROM pg_index
WHERE indisunique AND indrelid::regclass::text = ANY(%s) AND NOT EXISTS (
    SELECT 1 FROM pg_attribute
    WHERE attrelid = indrelid AND attname = 'owner_id' AND attnum = ANY(indkey))
ORDER BY 1
"""
OWNERS = """
SELECT oid::regclass::text, quote_literal(pg_get_userbyid(relowner)) FROM pg_class
WHERE relkind = 'r' AND oid::regclass::text = ANY(%s)
"""
# As in `config.postgresql.policies`, but without subqueries, which Citus refuses.
OWNER_ONLY = "owner_id = NULLIF(current_setting('app.user_id', true), '')::uuid"
MAINTENANCE = (
    "current_setting('app.maintenance', true) = 'on' AND current_user = {role}"
)

BEFORE = """\
-- Splits the tables of users by owner. On the coordinator of Citus, as the owner of the
-- tables, while the service is stopped and after a backup. Before it:
--   CREATE EXTENSION citus;
--   SELECT citus_set_coordinator_host('COORDINATOR');
--   SELECT citus_add_node('WORKER', 5432);  -- for each worker
"""
AFTER = """\
-- The rows are on the workers now. This frees the space of the copies that are left:
"""
SECURITY = """\
-- Row-level security is off until these run. A worker must know the user: try first
-- whether a user sees their rows with citus.propagate_set_commands = 'local'.
"""


class KeyWithoutOwner(Exception):
    """A unique key has no owner, so its table can't be split by owner."""


def statements(tables: Iterable[str], shared: Sequence[str]) -> Iterator[str]:
    """Yield the statements and comments, in their order.

    `tables` have an `owner_id`. Every server gets a copy of the `shared` tables; those
    that others refer to come first.

    Raises:
        KeyWithoutOwner: the text names the keys.
    """
    names = list(tables)
    if keys := [key for (key,) in _fetch(KEYS_WITHOUT_OWNER, names)]:
        raise KeyWithoutOwner(", ".join(keys))
    keys = _fetch(FOREIGN_KEYS, names)
    roles = dict(_fetch(OWNERS, names))

    yield BEFORE
    yield "BEGIN;"
    # Tables that are split and copied ones are changed in the same transaction.
    yield "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';"
    for table, name, _ in keys:
        yield f"ALTER TABLE {table} DROP CONSTRAINT {name};"
    for table, name in _fetch(POLICIES, names):
        yield f"DROP POLICY {name} ON {table};"
    for table in names:  # also to copy all rows
        yield f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;"
        yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
    for table in shared:
        yield f"SELECT create_reference_table('{table}');"
    beside = "none"
    for table in names:
        yield (
            f"SELECT create_distributed_table('{table}', 'owner_id',"
            f" colocate_with => '{beside}');"
        )
        beside = names[0]
    for table, name, definition in keys:
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition};"
    for table in names:
        policies = ("owner_only", OWNER_ONLY), ("maintenance", MAINTENANCE)
        for name, condition in policies:
            shown = condition.format(role=roles[table])
            yield (
                f"CREATE POLICY {name} ON {table} USING ({shown}) WITH CHECK ({shown});"
            )
    yield "COMMIT;"
    yield AFTER
    for table in [*shared, *names]:
        yield f"SELECT truncate_local_data_after_distributing_table('{table}');"
    yield SECURITY
    for table in names:
        yield f"-- ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        yield f"-- ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"


def _fetch(query: str, tables: list[str]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, [tables])
        found: list[Any] = cursor.fetchall()
    return found
