"""Operations of migrations that leave the tables open to the requests of a service."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState

from config.row_security import rows_of


class AddIndexOnline(AddIndex):
    """Add an index while others write to its table.

    PostgreSQL would refuse all writes until a plain index is built. This takes longer,
    and must not be in a transaction: the migration needs `atomic = False`. It can be
    repeated after it was interrupted.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        database = schema_editor.connection
        # Behind a pooler, each statement is sent in a transaction, with its limits.
        if database.vendor != "postgresql" or database.settings_dict["POOLED"]:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if database.in_atomic_block:
            raise NotSupportedError("AddIndexOnline needs atomic = False.")
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(database.alias, model):
            return
        name = schema_editor.quote_name(self.index.name)
        with rows_of(None):  # otherwise a transaction names the user
            # It waits for all transactions that have begun, and nobody waits for it.
            schema_editor.execute("SET lock_timeout = 0")
            try:
                # An interrupted attempt leaves an invalid index.
                schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                schema_editor.add_index(model, self.index, concurrently=True)
            finally:
                schema_editor.execute("RESET lock_timeout")
