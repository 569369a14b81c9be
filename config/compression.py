"""Compression of pages.

The length of a compressed response depends on how much of it repeats, so an attacker
who makes a browser send guesses, and sees the encrypted length of the answers, can
learn a secret of the page (BREACH). Four rules prevent that: see docs/security.md.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PageCompressionMiddleware(GZipMiddleware):
    """Compress pages that were not requested by another site.

    Django adds random padding. Responses of the API are not compressed, because they
    can contain tokens, and files are compressed when they are collected.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not _is_page(response) or _is_from_another_site(request):
            return response
        return super().process_response(request, response)


def _is_page(response: HttpResponseBase) -> bool:
    """Whether this is HTML. A page with an ETag keeps its bytes, which it describes."""
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return is_html and "ETag" not in response.headers


def _is_from_another_site(request: HttpRequest) -> bool:
    """Whether another site made the browser send this, even by a link.

    Browsers that send no `Sec-Fetch-Site` have the padding and the other rules.
    """
    return request.headers.get("Sec-Fetch-Site") in {"same-site", "cross-site"}
