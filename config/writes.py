"""Writing many rows by one statement that is prepared once.

`bulk_create` and `bulk_update` build SQL that grows with the rows. Where the rows are
many, building it takes longer than running it, and the write lock is held meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def update_each(rows: Sequence[Model], names: Sequence[str], *, at: datetime) -> None:
    """Store the named columns of versioned rows of one model, and count their version.

    No signals, and no `pre_save` of fields: the rows hold what is to be stored.
    """
    if not rows:
        return
    model = type(rows[0])
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    keys = [by_name["updated_at"], *fields, by_name["id"]]
    columns = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    statement = (
        f"UPDATE {_name(model._meta.db_table)}"  # noqa: S608 - names of our own
        f" SET version = version + 1, updated_at = %s, {columns} WHERE id = %s"
    )
    parameters = [
        [
            field.get_db_prep_save(
                at if field.attname == "updated_at" else getattr(row, field.attname),
                connection,
            )
            for field in keys
        ]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, parameters)


def _quoted(field: Field[Any, Any]) -> str:
    return _name(str(field.column))


def _name(name: str) -> str:
    return connection.ops.quote_name(name)
