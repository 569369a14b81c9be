"""Pages of a bare array, with their total and links in headers."""

from dataclasses import dataclass

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from config.json import JSONObject


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """The rows of a numbered page, and the number of rows on all pages."""

    rows: list[JSONObject]
    number: int
    size: int
    total: int

    def headers(self, request: Request) -> dict[str, str]:
        """Return `X-Total-Count` and, if there are several pages, `Link` (RFC 8288)."""
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
    rows: QuerySet[Model, JSONObject], *, number: int, size: int
) -> NumberedPage:
    """Return page `number`, from 1. It counts the rows only if it is not the last."""
    offset = (number - 1) * size
    found = list(rows[offset : offset + size])
    is_last = len(found) < size and (found or number == 1)
    total = offset + len(found) if is_last else rows.count()
    return NumberedPage(found, number, size, total)
