"""Whether a request comes from a page of this service or from one of another origin.

A browser says so in `Origin`, which it sends with every POST and with every read that
the page may see (Fetch Standard, "`Origin` header"). It also sends `Sec-Fetch-Site`
with every request to https or loopback (Fetch Metadata Request Headers, section 2.3).
Programs send neither.
"""

from django.conf import settings
from django.http import HttpRequest


def is_own(request: HttpRequest, origin: str) -> bool:
    """Whether `origin` is that of this service, as the request addresses it."""
    here = f"{request.scheme}://{request.get_host()}"
    return origin in {here, *settings.CSRF_TRUSTED_ORIGINS}


def is_from_another(request: HttpRequest) -> bool:
    """Whether a page of another origin made the request, other than by a link.

    A subdomain, another port and a page without an origin (`null`) are other origins,
    and so is one that may call the API (`CORS_ALLOWED_ORIGINS`).
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin is not None and not is_own(request, origin):
        return True
    site = request.META.get("HTTP_SEC_FETCH_SITE", "none")
    return site not in {"none", "same-origin"} and not _is_link(request)


def _is_link(request: HttpRequest) -> bool:
    """Whether the response is shown to the user, and to no page.

    A link that our service worker fetches has no destination: `fetch` drops it, and
    keeps the mode `navigate`, which no page can ask for (Fetch Standard, "Request
    class"). The worker leaves frames alone, so that they keep theirs.
    """
    return (
        request.method in {"GET", "HEAD"}
        and request.META.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and request.META.get("HTTP_SEC_FETCH_DEST") in {"document", "empty"}
    )
