"""Pages of a bare array, with their total and links in headers."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from django.db.models import Model, QuerySet
from rest_framework.request import Request

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
        url = request.build_absolute_uri()
        sent = parse_qs(urlsplit(url).query, keep_blank_values=True)
        name = next((one for one in ("skip", "offset") if one in sent), "page")
        start, end_of_url = _around(url, sent, name)
        links = []
        for relation, skip in pages.items():
            number = skip // self.size + 1 if name == "page" else skip
            links.append(f'<{start}{number}{end_of_url}>; rel="{relation}"')
        headers["Link"] = ", ".join(links)
        return headers


def _around(url: str, sent: dict[str, list[str]], name: str) -> tuple[str, str]:
    """Return the URL before and after the value of one parameter, the others sorted."""
    others = sorted((key, values) for key, values in sent.items() if key != name)
    before = urlencode([one for one in others if one[0] < name], doseq=True)
    after = urlencode([one for one in others if one[0] > name], doseq=True)
    page = urlunsplit(urlsplit(url)._replace(query=""))
    return f"{page}?{before}{'&' * bool(before)}{name}=", "&" * bool(after) + after


def page_of(rows: QuerySet[Model, JSONObject], *, skip: int, size: int) -> Page:
    """Return the page after `skip` rows; it counts them only if it isn't the last."""
    found = list(rows[skip : skip + size])
    is_last = len(found) < size and (found or skip == 0)
    return Page(found, skip, size, skip + len(found) if is_last else rows.count())
