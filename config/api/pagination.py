"""Pages of a list by cursor: where the last row stood, not how many came before.

Rows that come or go between two requests move nothing: no row is shown twice or left
out because of them. Rows without a value for the ordering come last.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Field, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

SALT = "config.api.pagination"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
CURSOR_MAX_LENGTH = 4096  # a title of 500 signs, each of 4 bytes, makes 2,900

_Row = TypeVar("_Row", bound=Mapping[str, Any])


class _UTF8JSON:
    """The text of a cursor as UTF-8: the escapes of ASCII would triple a long title."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def loads(self, text: bytes) -> Any:
        return json.loads(text)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: after the row of (`value`, `id`), or before it."""

    ordering: str
    is_forward: bool
    value: str | None
    id: str

    def encode(self) -> str:
        """Return the cursor as signed text, so that it can't be made up."""
        parts = [self.ordering, self.is_forward, self.value, self.id]
        return signing.dumps(parts, salt=SALT, serializer=_UTF8JSON)

    @classmethod
    def decode(cls, text: str, *, ordering: str) -> "Cursor":
        """Read a cursor that was made for the same ordering.

        Raises:
            ValidationError: for `cursor`.
        """
        try:
            cursor = cls(*signing.loads(text, salt=SALT, serializer=_UTF8JSON))
        except (signing.BadSignature, TypeError, ValueError) as exc:
            raise ValidationError(
                {"cursor": ["Use a cursor as it came in `next` or `previous`."]}
            ) from exc
        if cursor.ordering != ordering:
            raise ValidationError(
                {"cursor": ["This cursor belongs to another ordering."]}
            )
        return cursor


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """Some rows, and the cursors of the pages around them."""

    rows: list[_Row]
    next: Cursor | None
    previous: Cursor | None


def page_of(
    rows: QuerySet[Any, _Row], *, ordering: str, size: int, cursor: Cursor | None
) -> Page[_Row]:
    """Return one page of `rows`, mappings that hold `id` and the ordering's field.

    `ordering` is a field of the model, `-field` for the last first. The caller has
    held it against an allow-list.
    """
    found = list(cut(rows, ordering=ordering, size=size, cursor=cursor))
    return page_from(found, ordering=ordering, size=size, cursor=cursor)


def cut(
    rows: QuerySet[Any, Any],
    *,
    ordering: str,
    size: int,
    cursor: Cursor | None = None,
) -> QuerySet[Any, Any]:
    """Return the rows of a page in order, and one more if there is one."""
    name = ordering.removeprefix("-")
    is_forward = cursor is None or cursor.is_forward
    is_ascending = ordering.startswith("-") != is_forward
    if cursor is not None:
        rows = rows.filter(_beyond(cursor, rows.model, name, is_ascending))
    order = _order(rows.model._meta.get_field(name), is_ascending, is_forward)
    return rows.order_by(*order)[: size + 1]


def page_from(
    found: list[_Row], *, ordering: str, size: int, cursor: Cursor | None = None
) -> Page[_Row]:
    """Return the page of rows that were `cut` so."""
    name = ordering.removeprefix("-")
    is_forward = cursor is None or cursor.is_forward
    has_more = len(found) > size
    found = found[:size] if is_forward else found[:size][::-1]
    if not found:
        return Page([], None, None)
    last = _cursor(ordering, True, name, found[-1])
    first = _cursor(ordering, False, name, found[0])
    return Page(
        found,
        next=last if has_more or not is_forward else None,
        previous=first
        if (cursor is not None and is_forward) or (has_more and not is_forward)
        else None,
    )


def _order(field: Any, is_ascending: bool, is_forward: bool) -> list[Any]:
    # Said only where there can be nulls: an index read backwards has them first, so
    # PostgreSQL would sort all rows instead.
    nulls: dict[str, Any] = {}
    if field.null:
        nulls = {"nulls_last": True} if is_forward else {"nulls_first": True}
    if is_ascending:
        return [F(field.name).asc(**nulls), F("id").asc()]
    return [F(field.name).desc(**nulls), F("id").desc()]


def _cursor(
    ordering: str, is_forward: bool, name: str, row: Mapping[str, Any]
) -> Cursor:
    value = row[name]
    if hasattr(value, "isoformat"):
        value = value.isoformat()
    return Cursor(
        ordering, is_forward, None if value is None else str(value), str(row["id"])
    )


def _beyond(cursor: Cursor, model: type[Model], name: str, is_ascending: bool) -> Q:
    """Match the rows on the far side of the cursor."""
    side = "gt" if is_ascending else "lt"
    beyond_id = Q(**{f"id__{side}": cursor.id})
    if cursor.value is None:
        no_value = Q(**{f"{name}__isnull": True})
        return no_value & beyond_id if cursor.is_forward else ~no_value | beyond_id
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    value = field.to_python(cursor.value)
    beyond = Q(**{f"{name}__{side}": value}) | (Q(**{name: value}) & beyond_id)
    if cursor.is_forward and field.null:
        beyond |= Q(**{f"{name}__isnull": True})
    return beyond


def page_body(request: Request, page: Page[Any], results: list[Any]) -> dict[str, Any]:
    """Return the body of a page: `next` and `previous` as addresses, and `results`."""
    return {
        "next": _address(request, page.next),
        "previous": _address(request, page.previous),
        "results": results,
    }


def _address(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    url = remove_query_param(request.build_absolute_uri(), "cursor")
    return replace_query_param(url, "cursor", cursor.encode())
