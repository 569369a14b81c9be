"""Pages of a bare array: what a wrapper would say is said in headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """Some rows, by the number of their page, and how many there are on all pages."""

    rows: list[Mapping[str, Any]]
    number: int
    size: int
    total: int

    def headers(self, request: Request) -> dict[str, str]:
        """Return `X-Total-Count`, and `Link` (RFC 8288) where this page isn't all."""
        headers = {"X-Total-Count": str(self.total)}
        last = max(1, -(-self.total // self.size))
        if self.number > 1 or last > 1:
            pages = {"first": 1, "last": last}
            if self.number > 1:
                pages["prev"] = min(self.number - 1, last)
            if self.number < last:
                pages["next"] = self.number + 1
            url = request.build_absolute_uri()
            headers["Link"] = ", ".join(
                f'<{replace_query_param(url, "page", number)}>; rel="{relation}"'
                for relation, number in pages.items()
            )
        return headers


def numbered_page(
    rows: QuerySet[Any, Mapping[str, Any]], *, number: int, size: int
) -> NumberedPage:
    """Return page `number`, from 1. Counts in a query only what it can't see itself."""
    offset = (number - 1) * size
    found = list(rows[offset : offset + size])
    is_last = len(found) < size and (found or number == 1)
    total = offset + len(found) if is_last else rows.count()
    return NumberedPage(found, number, size, total)
