"""Cursor pagination: a page starts after a row, not at an offset.

Rows that are added or removed between two requests don't shift the pages, so no row is
repeated or skipped. Rows without a value for the ordering come last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from config.json import JSONObject

SALT = "config.api.pagination"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
CURSOR_MAX_LENGTH = 4096  # a title of 500 characters of 4 bytes takes 2,900

_Row = TypeVar("_Row", bound=Mapping[str, Any])


def page_size_field(help_text: str) -> serializers.IntegerField:
    """Return the field of a query for the number of rows of a page."""
    return serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
        help_text=help_text,
    )


def cursor_field() -> serializers.CharField:
    """Return the field of a query for the cursor of a page, by default the first."""
    return serializers.CharField(
        max_length=CURSOR_MAX_LENGTH,
        default=None,
        help_text="From the `next` or `previous` URL of an earlier response.",
    )


class _UTF8JSON:
    """JSON in UTF-8: the escapes of ASCII would triple the size of a long title."""

    def dumps(self, value: object) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def loads(self, text: bytes) -> Any:
        return json.loads(text)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position directly after or before the row with (`value`, `id`)."""

    ordering: str
    is_forward: bool
    value: str | None
    id: str

    def encode(self) -> str:
        """Return the cursor as signed text, so that clients can't construct one."""
        parts = [self.ordering, self.is_forward, self.value, self.id]
        return signing.dumps(parts, salt=SALT, serializer=_UTF8JSON)

    @classmethod
    def decode(cls, text: str, *, ordering: str) -> "Cursor":
        """Read a cursor of a page with the same ordering.

        Raises:
            ValidationError: for `cursor`.
        """
        try:
            cursor = cls(*signing.loads(text, salt=SALT, serializer=_UTF8JSON))
        except (signing.BadSignature, TypeError, ValueError) as exc:
            raise ValidationError(
                {"cursor": ["Must be a cursor from `next` or `previous`."]}
            ) from exc
        if cursor.ordering != ordering:
            raise ValidationError(
                {"cursor": ["This cursor was made for another ordering."]}
            )
        return cursor


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """Rows, and the cursors of the adjacent pages."""

    rows: list[_Row]
    next: Cursor | None
    previous: Cursor | None


def page_of(
    rows: QuerySet[Any, _Row],
    *,
    ordering: str,
    size: int,
    cursor: Cursor | None,
    is_filled: bool = False,
) -> Page[_Row]:
    """Return one page of `rows`, mappings that hold `id` and the ordering's field.

    `ordering` is a field of the model, prefixed with `-` for descending order. The
    caller must check it against an allow-list. `is_filled` says that all rows have a
    value in this field.
    """
    query = page_query(
        rows, ordering=ordering, size=size, cursor=cursor, is_filled=is_filled
    )
    found = list(query)
    return page_from(found, ordering=ordering, size=size, cursor=cursor)


def page_query(
    rows: QuerySet[Any, Any],
    *,
    ordering: str,
    size: int,
    cursor: Cursor | None = None,
    is_filled: bool = False,
) -> QuerySet[Any, Any]:
    """Return a query for the rows of a page and, if there is one, the next row."""
    name = ordering.removeprefix("-")
    is_forward = cursor is None or cursor.is_forward
    is_ascending = ordering.startswith("-") != is_forward
    has_nulls = _field(rows.model, name).null and not is_filled
    if cursor is not None:
        rows = rows.filter(_beyond(cursor, rows.model, name, is_ascending, has_nulls))
    order = _order(name, is_ascending, is_forward, has_nulls)
    return rows.order_by(*order)[: size + 1]


def page_from(
    found: list[_Row], *, ordering: str, size: int, cursor: Cursor | None = None
) -> Page[_Row]:
    """Return the page of rows that `page_query` found with the same arguments."""
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


def _order(
    name: str, is_ascending: bool, is_forward: bool, has_nulls: bool
) -> list[OrderBy]:
    # Only if there can be nulls: an index that is read backwards has them first, so
    # PostgreSQL would sort all rows instead.
    last = True if has_nulls and is_forward else None
    first = True if has_nulls and not is_forward else None
    value, key = F(name), F("id")
    if is_ascending:
        return [value.asc(nulls_first=first, nulls_last=last), key.asc()]
    return [value.desc(nulls_first=first, nulls_last=last), key.desc()]


def _cursor(
    ordering: str, is_forward: bool, name: str, row: Mapping[str, Any]
) -> Cursor:
    value = row[name]
    if hasattr(value, "isoformat"):
        value = value.isoformat()
    return Cursor(
        ordering, is_forward, None if value is None else str(value), str(row["id"])
    )


def _beyond(
    cursor: Cursor, model: type[Model], name: str, is_ascending: bool, has_nulls: bool
) -> Q:
    """Match the rows beyond the cursor, in the direction of the page."""
    side = "gt" if is_ascending else "lt"
    beyond_id = Q(**{f"id__{side}": cursor.id})
    if cursor.value is None:
        no_value = Q(**{f"{name}__isnull": True})
        return no_value & beyond_id if cursor.is_forward else ~no_value | beyond_id
    value = _field(model, name).to_python(cursor.value)
    beyond = Q(**{f"{name}__{side}": value}) | (Q(**{name: value}) & beyond_id)
    if cursor.is_forward and has_nulls:
        beyond |= Q(**{f"{name}__isnull": True})
    return beyond


def _field(model: type[Model], name: str) -> "Field[object, object]":
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field


def page_body(
    request: Request, page: Page[_Row], results: Sequence[object]
) -> JSONObject:
    """Return the body of a page: the URLs `next` and `previous`, and `results`."""
    return {
        "next": _url(request, page.next),
        "previous": _url(request, page.previous),
        "results": results,
    }


def _url(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    url = remove_query_param(request.build_absolute_uri(), "cursor")
    return replace_query_param(url, "cursor", cursor.encode())
