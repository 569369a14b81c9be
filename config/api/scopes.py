"""The scopes of personal access tokens.

An endpoint declares by method which scope such a token needs. Other credentials have no
scopes: they may do everything that their user may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

from rest_framework.exceptions import PermissionDenied

READ = "tasks:read"
WRITE = "tasks:write"
APPEND = "tasks:append"
EXPORT = "export"
ACCOUNT = "account:read"
SECURITY = "security:read"

# What each scope permits, in words for users.
SCOPES = {
    READ: "Read tasks, lists and labels",
    WRITE: "Read, add, change and delete tasks, lists and labels",
    APPEND: "Add tasks, without reading anything",
    EXPORT: "Read tasks, lists and labels, and download them as a file",
    ACCOUNT: "Read your address, name and settings",
    SECURITY: "Read your security events: sign-ins, devices, changes of credentials",
}
# Scopes that another one includes: the answer to a change shows the task, and a file
# with all tasks is read like the tasks themselves.
INCLUDED = {WRITE: {READ, APPEND}, EXPORT: {READ}}


def with_included(scopes: Iterable[str]) -> frozenset[str]:
    """Return the known scopes among these, and those that they include."""
    known = SCOPES.keys() & set(scopes)
    return frozenset(known.union(*(INCLUDED.get(scope, ()) for scope in known)))


def without_included(scopes: Iterable[str]) -> list[str]:
    """Return the known scopes among these that no other of them includes, in order."""
    given = set(scopes)
    included = set().union(*(INCLUDED.get(scope, ()) for scope in given))
    return [scope for scope in SCOPES if scope in given - included]


class Limited(Protocol):
    """What an endpoint must know of a credential; None means no limit."""

    @property
    def scopes(self) -> Collection[str] | None: ...
    @property
    def lists(self) -> Collection[UUID] | None: ...


class InsufficientScope(PermissionDenied):
    """403: the token lacks the scope that this request needs (RFC 6750 section 3.1)."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str | None = None) -> None:
        self.auth_header = 'Bearer error="insufficient_scope"'
        if scope is None:
            super().__init__("A personal access token can't be used for this request.")
            return
        self.auth_header += f', scope="{scope}"'
        super().__init__(f"The token needs the scope `{scope}` for this request.")


class LimitedToLists(PermissionDenied):
    """403: the request concerns more than the lists that the token is limited to."""

    default_code = "limited_to_lists"
    default_detail = (
        "This token is limited to some lists, and this request concerns the whole"
        " account."
    )
    auth_header = 'Bearer error="insufficient_scope"'


def require_scope(
    credential: Limited, scope: str | None, *, honours_lists: bool
) -> None:
    """Refuse a request that a personal access token doesn't permit.

    `scope` is what the request needs; with None, no such token permits it.

    Raises:
        InsufficientScope: the token lacks the scope.
        LimitedToLists: it is limited to lists, and the endpoint doesn't honour that.
    """
    if credential.scopes is None:
        return
    if scope is None or scope not in credential.scopes:
        raise InsufficientScope(scope)
    if credential.lists is not None and not honours_lists:
        raise LimitedToLists
