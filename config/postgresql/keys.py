"""Operations of migrations that change keys while the tables are in use.

The index of a key is built while others write to its table, and then takes the place of
the old one under a lock that is held for a moment. The migration needs `atomic =
False`, and can be repeated after it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import NotSupportedError, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import UniqueConstraint

from config.row_security import rows_of

# The columns of a table's primary key.
PRIMARY_KEY = """
SELECT conname, ARRAY(
    SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
    JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place)
FROM pg_constraint WHERE contype = 'p' AND conrelid = %s::regclass
"""
# Foreign keys to a unique key that is not the primary one, and their own columns.
REFERENCES = """
SELECT conrelid::regclass::text, conname, ARRAY(
    SELECT quote_ident(attname)
    FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
    JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place)
FROM pg_constraint WHERE contype = 'f' AND right(conname, 4) <> '_new'
AND conindid = (SELECT conindid FROM pg_constraint
    WHERE conrelid = %s::regclass AND conname = %s AND contype = 'u')
"""


class KeyByOwner(Operation):
    """Make `(owner_id, id)` the primary key in PostgreSQL; for Django it stays `id`.

    `unique` names a unique constraint on the same columns, if there is one. The primary
    key takes its name and its foreign keys. Nothing is left that keeps ids of different
    owners apart, and nothing needs it. Going back changes nothing: earlier versions
    work with this key.
    """

    reversible = True

    def __init__(self, model_name: str, *, unique: str = "") -> None:
        self.model_name, self.unique = model_name, unique

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        if schema_editor.connection.vendor != "postgresql":
            return
        with _changing_keys(schema_editor) as build:
            ((old, columns),) = _fetch(schema_editor, PRIMARY_KEY, table)
            if columns != ["owner_id", "id"]:
                new = self.unique and f"{table}_key" or old
                build(f"{table}_key", f"{table} (owner_id, id)")
                schema_editor.execute(
                    f"ALTER TABLE {table} DROP CONSTRAINT {old},"
                    f" ADD CONSTRAINT {new} PRIMARY KEY USING INDEX {table}_key"
                )
            if self.unique:
                self._take_over(schema_editor, table)

    def _take_over(self, schema_editor: Any, table: str) -> None:
        """Replace the unique constraint by the primary key."""
        execute = schema_editor.execute
        for other, name, columns in _fetch(
            schema_editor, REFERENCES, table, self.unique
        ):
            new = f"{name}_new"
            # Without columns, it refers to the primary key.
            execute(f"ALTER TABLE {other} DROP CONSTRAINT IF EXISTS {new}")
            execute(
                f"ALTER TABLE {other} ADD CONSTRAINT {new}"
                f" FOREIGN KEY ({', '.join(columns)}) REFERENCES {table}"
                " DEFERRABLE INITIALLY DEFERRED NOT VALID"
            )
            with transaction.atomic(schema_editor.connection.alias):
                execute("SET LOCAL app.maintenance = 'on'")  # to read all rows
                execute(f"ALTER TABLE {other} VALIDATE CONSTRAINT {new}")
            with transaction.atomic(schema_editor.connection.alias):
                execute(f"ALTER TABLE {other} DROP CONSTRAINT {name}")
                execute(f"ALTER TABLE {other} RENAME CONSTRAINT {new} TO {name}")
        ((present, _),) = _fetch(schema_editor, PRIMARY_KEY, table)
        if present != self.unique:
            with transaction.atomic(schema_editor.connection.alias):
                execute(f"ALTER TABLE {table} DROP CONSTRAINT {self.unique}")
                execute(
                    f"ALTER TABLE {table} RENAME CONSTRAINT {present} TO {self.unique}"
                )

    def database_backwards(self, *args: Any) -> None:
        """Keep the key."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__name__, [self.model_name], {"unique": self.unique}

    def describe(self) -> str:
        return f"Begin the primary key of {self.model_name} with the owner"


class WidenUnique(Operation):
    """Replace a unique constraint by one of the same name with other columns."""

    def __init__(
        self, model_name: str, *, old: UniqueConstraint, new: UniqueConstraint
    ) -> None:
        self.model_name, self.old, self.new = model_name, old, new

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        name = self.model_name.lower()
        state.remove_constraint(app_label, name, self.old.name)
        state.add_constraint(app_label, name, self.new)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        wanted = next(c for c in model._meta.constraints if c.name == self.new.name)
        self._replace(schema_editor, model, wanted)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self.database_forwards(app_label, schema_editor, from_state, to_state)

    def _replace(self, schema_editor: Any, model: Any, wanted: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            schema_editor.remove_constraint(model, wanted)
            schema_editor.add_constraint(model, wanted)
            return
        name, table = wanted.name, model._meta.db_table
        columns = ", ".join(
            model._meta.get_field(field).column for field in wanted.fields
        )
        condition = wanted._get_condition_sql(model, schema_editor)
        where = f" WHERE {condition}" if condition else ""
        with _changing_keys(schema_editor) as build:
            build(f"{name}_new", f"{table} ({columns}){where}")
            with transaction.atomic(schema_editor.connection.alias):
                schema_editor.execute(
                    f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
                )
                schema_editor.execute(f"DROP INDEX IF EXISTS {name}")
                schema_editor.execute(f"ALTER INDEX {name}_new RENAME TO {name}")
                if not condition:
                    schema_editor.execute(
                        f"ALTER TABLE {table} ADD CONSTRAINT {name}"
                        f" UNIQUE USING INDEX {name}"
                    )

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        keys = {"old": self.old, "new": self.new}
        return type(self).__name__, [self.model_name], keys

    def describe(self) -> str:
        return f"Change the columns of {self.new.name}"


@contextmanager
def _changing_keys(schema_editor: Any) -> Iterator[Any]:
    """Yield a function that builds a unique index, while others write if possible."""
    database = schema_editor.connection
    if database.in_atomic_block:
        raise NotSupportedError("Keys are changed in a migration with atomic = False.")

    def build(name: str, what: str) -> None:
        if database.settings_dict["POOLED"]:
            # Each statement is sent in a transaction, with its limits. And what is set
            # for a session would stay for others.
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")
            schema_editor.execute(f"CREATE UNIQUE INDEX {name} ON {what}")
            return
        # It waits for all transactions that have begun, and nobody waits for it.
        schema_editor.execute("SET lock_timeout = 0")
        try:
            # An interrupted attempt leaves an invalid index.
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            schema_editor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {what}")
        finally:
            schema_editor.execute("RESET lock_timeout")

    with rows_of(None):  # otherwise a transaction names the user
        yield build


def _fetch(schema_editor: Any, query: str, *parameters: str) -> list[Any]:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[Any] = cursor.fetchall()
    return found
