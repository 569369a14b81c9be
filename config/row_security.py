"""Whose rows the database shows to the code that runs now.

On PostgreSQL, row-level security limits every statement to the rows of one user. It is
the second layer of isolation: if a query forgets `owned_by`, it still finds no row of
another user. SQLite has no row-level security, so there this has no effect.

The user of a request is set once, after authentication. Code that works for a user
outside their own requests uses `rows_of`. Without a user, no owned row is visible.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.http import HttpRequest, HttpResponse

_owner: ContextVar[UUID | None] = ContextVar("row_owner", default=None)


def row_owner() -> UUID | None:
    """Return the user whose rows are visible now, or None."""
    return _owner.get()


@contextmanager
def rows_of(user_id: UUID | None) -> Iterator[None]:
    """Let the code inside see and write the rows of this user, and of no other.

    Don't use it in a generator around a `yield`: the caller would run as this user too.
    """
    token = _owner.set(user_id)
    try:
        yield
    finally:
        _owner.reset(token)


def show_rows_of(user_id: UUID | None) -> None:
    """Let the rest of the request see the rows of its user.

    Only authentication calls this.
    """
    _owner.set(user_id)


class RowSecurityMiddleware:
    """Begin and end each request without a user, whatever the thread did before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _owner.set(None)
        try:
            return self.get_response(request)
        finally:
            _owner.reset(token)
