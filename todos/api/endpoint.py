"""The base class of the endpoints of tasks, lists and labels.

Another user's object is answered with 404, with the same bytes as for an unknown id.
"""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.utils import timezone
from django.utils.functional import cached_property
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import credential_of, user_of
from accounts.token_users import TokenUser
from config.api.conditional import PreconditionFailed
from config.api.scopes import READ, InsufficientScope, LimitedToLists
from config.api.views import Endpoint
from config.compiled_queries import RowValues
from todos import actions
from todos.api.idempotency import once
from todos.caller import Caller


class OwnedEndpoint(Endpoint):
    """An endpoint for the user's own objects; every write is an action."""

    accepts_idempotency_key = True

    @cached_property
    def caller(self) -> Caller:
        """The user, the credential and the time of the request, for the actions."""
        return Caller(
            owner=user_of(self.request),
            by=credential_of(self.request),
            at=timezone.now(),
        )

    def only_reads(self, user: TokenUser) -> bool:
        """Whether the request reads for this user, and its route names nobody else.

        Then the answer can be read together with the user: see `ReadsWithUser`.
        """
        if self.request.method != "GET":
            return False
        named = self.kwargs.get("user_id", "me")
        if named == "me":
            return True
        return bool(named) and named in (user.subject, str(user.id))

    @property
    def may_read(self) -> bool:
        """Whether the response may show tasks. To a token that only adds, it shows ids.

        The rest of a new task would tell of others: its list, the spelling of a label.
        """
        return self.caller.by.may(READ)

    def require(self, scope: str) -> None:
        """Require one more scope of a personal access token, or answer 403."""
        if not self.caller.by.may(scope):
            raise InsufficientScope(scope)

    def require_all_lists(self) -> None:
        """Require a credential that is not limited to some lists, or answer 403."""
        if self.caller.by.lists is not None:
            raise LimitedToLists

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Honour the `Idempotency-Key` of every POST."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and hasattr(self, "post"):
            vars(self)["post"] = once(self.post, prepare=self.prepare)

    def prepare(self, request: Request) -> None:
        """Do work of a POST that needs no transaction, before one begins."""

    def handle_exception(self, exc: Exception) -> Response:
        """Translate exceptions that only have a meaning for the user's own objects."""
        if isinstance(exc, ObjectDoesNotExist):
            exc = Http404()
        elif isinstance(exc, actions.VersionConflict):
            exc = PreconditionFailed()
        return super().handle_exception(exc)


class ReadsFirstPage:
    """A list whose first page can be read together with its user."""

    _found: list[RowValues] | None = None

    def keep(self, found: list[RowValues], user: TokenUser) -> RowValues | None:
        """Keep the rows for the answer, and return one with the columns of the user."""
        # No tasks can also mean that the identity is not the user's any more.
        self._found = found if found or not user.subject else None
        return found[0] if found else None
