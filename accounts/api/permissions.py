"""Permissions beyond being signed in."""

from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import credential_of


class RouteNamesCaller(BasePermission):
    """Require that `{user_id}` in the route names the user; 403 before any query.

    Allowed are the user's id here, `me`, and the subject of the Better Auth credential
    of the request.
    """

    message = "This user id is not yours. Use `me`."
    code = "wrong_user"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return names_caller(request, view.kwargs["user_id"])


def names_caller(request: Request, named: str) -> bool:
    """Whether an id in a request is one that `RouteNamesCaller` allows."""
    subject = credential_of(request).subject
    return bool(named) and named in {"me", str(request.user.pk), subject}


class SignedInRecently(BasePermission):
    """Require a sign-in within the last 15 minutes, for irreversible requests."""

    message = (
        "This requires a sign-in within the last 15 minutes. Sign in again and repeat"
        " the request. A Better Auth JWT must have the claim `auth_time`."
    )
    code = "recent_sign_in_required"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return credential_of(request).is_recent(at=timezone.now())
