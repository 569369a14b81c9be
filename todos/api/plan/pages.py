"""Pages of a bare array, with their total and links in headers."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from config.json import JSONObject


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, what comes before them, and the number of rows on all pages."""

    rows: list[JSONObject]
    skip: int
    size: int
    total: int

    def headers(self, request: Request) -> dict[str, str]:
        """Return `X-Total-Count` and, if there are several pages, `Link` (RFC 8288).

        The links have the parameter that the request has: `page`, `skip` or `offset`.
        """
        headers = {"X-Total-Count": str(self.total)}
        if self.skip == 0 and self.total <= self.size:
            return headers
        end = max(self.total - 1, 0)
        last = end - (end - self.skip) % self.size
        pages = {"first": 0, "last": last}
        if self.skip:
            pages["prev"] = max(0, min(self.skip - self.size, last))
        if self.skip + self.size < self.total:
            pages["next"] = self.skip + self.size
        headers["Link"] = ", ".join(
            f'<{self._link(request, skip)}>; rel="{relation}"'
            for relation, skip in pages.items()
        )
        return headers

    def _link(self, request: Request, skip: int) -> str:
        url = request.build_absolute_uri()
        for name in ("skip", "offset"):
            if name in request.query_params:
                return replace_query_param(url, name, skip)
        return replace_query_param(url, "page", skip // self.size + 1)


def page_of(rows: QuerySet[Model, JSONObject], *, skip: int, size: int) -> Page:
    """Return the page after `skip` rows; it counts them only if it isn't the last."""
    found = list(rows[skip : skip + size])
    return page_from(found, skip=skip, size=size, count=rows.count)


def page_from(
    found: list[JSONObject], *, skip: int, size: int, count: Callable[[], int]
) -> Page:
    """Return the page with these rows; `count` counts those of all pages."""
    is_last = len(found) < size and (found or skip == 0)
    return Page(found, skip, size, skip + len(found) if is_last else count())
