"""The labels of requests, which a client must not be able to multiply."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.urls import ResolverMatch

OTHER = ("", "other")
# The methods of a view that is a function, which doesn't name them.
OF_FUNCTIONS = frozenset({"GET", "POST"})
# Refusals before a view does anything. Anybody gets them for every route.
BEFORE_VIEWS = frozenset({401, 405, 406, 408, 413, 431})
VIEWS_CACHED = 1000


def route_and_method(
    match: ResolverMatch | None, method: str | None, status: int
) -> tuple[str, str]:
    """Return the labels of a request; `OTHER` if no view worked on it.

    HEAD counts as GET, which answers it. OPTIONS is not the work of a view.
    """
    name = "GET" if method == "HEAD" else method or ""
    if match is None or status in BEFORE_VIEWS or name not in _methods(match.func):
        return OTHER
    return match.route, name


@lru_cache(VIEWS_CACHED)
def _methods(view: Callable[..., Any]) -> frozenset[str]:
    """Return the methods that a view has, without HEAD and OPTIONS."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return OF_FUNCTIONS
    given = getattr(view, "view_initkwargs", {})
    names = given.get("http_method_names", view_class.http_method_names)
    return frozenset(
        name.upper()
        for name in names
        if name not in {"head", "options"} and hasattr(view_class, name)
    )
