"""What the endpoints of tasks, lists and labels share, version 1 of the API.

Someone else's object does not exist here: 404, with the same bytes as for an id that
never was.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import credential_of, user_of
from config.api.conditional import PreconditionFailed
from config.api.views import Endpoint
from todos import actions
from todos.api.idempotency import once
from todos.caller import Caller


class OwnedEndpoint(Endpoint):
    """An endpoint over the caller's own rows; every write goes through an action."""

    accepts_idempotency_key = True

    @cached_property
    def caller(self) -> Caller:
        """Who writes, with which credential, and when: once for the request."""
        return Caller(
            owner=user_of(self.request),
            by=credential_of(self.request),
            at=timezone.now(),
        )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let every POST be repeated under an `Idempotency-Key`."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and hasattr(self, "post"):
            vars(self)["post"] = once(self.post, prepare=self.prepare)

    def prepare(self, request: Request) -> None:
        """Do what a POST needs no transaction for, before that of a repeatable one."""

    def handle_exception(self, exc: Exception) -> Response:
        """Word the domain's exceptions for HTTP."""
        if isinstance(exc, ObjectDoesNotExist):
            exc = Http404()
        elif isinstance(exc, actions.VersionConflict):
            exc = PreconditionFailed()
        return super().handle_exception(exc)
