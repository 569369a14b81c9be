"""Both slash forms of every route under `/api/`, without redirects.

A redirect would turn a client's POST into a GET, or make it send the body twice.
"""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path


def endpoint(route: str, view: Callable[..., Any], name: str) -> list[URLPattern]:
    """Return the patterns that serve `route` and `route/`; the first has the name."""
    return [path(route, view, name=name), path(f"{route}/", view)]
