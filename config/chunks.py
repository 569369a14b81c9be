"""Reading many rows with several queries, so that only some of them are in memory.

A server-side cursor would do it with one, but it does not work through a pooler in
transaction mode. Without it, PostgreSQL sends all rows of a query at once, however they
are iterated over.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet


def in_chunks(rows: QuerySet[Any, Any], *, by: str, size: int) -> Iterator[Any]:
    """Yield objects, or rows of `values`, in the order of a unique column.

    Use it in a snapshot if all rows must show the same moment.
    """
    ordered = rows.order_by(by)
    chunk = list(ordered[:size])
    while chunk:
        yield from chunk
        last = chunk[-1]
        after = last[by] if isinstance(last, dict) else getattr(last, by)
        chunk = list(ordered.filter(**{f"{by}__gt": after})[:size])
