"""Both slash forms of every route under `/api/`, without redirects.

Following a redirect, a client would turn a POST into a GET, or send the body twice.
"""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path


def endpoint(
    route: str, view: Callable[..., HttpResponseBase], name: str
) -> list[URLPattern]:
    """Return the patterns that serve `route` and `route/`; only the first is named."""
    return [path(route, view, name=name), path(f"{route}/", view)]
