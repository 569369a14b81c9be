"""Who may call, beyond being signed in."""

from typing import Any

from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import credential_of


class RouteNamesCaller(BasePermission):
    """The `{user_id}` in the route must name the caller: 403 before any look-up.

    It does by the caller's local id, as `me`, or by the subject of the Better Auth
    credential that the caller presents.
    """

    message = "This route names another user."
    code = "wrong_user"

    def has_permission(self, request: Request, view: Any) -> bool:
        named: str = view.kwargs["user_id"]
        if not named:
            return False
        subject = credential_of(request).subject
        return named in {"me", str(request.user.pk), subject}


class SignedInRecently(BasePermission):
    """What can't be taken back wants a sign-in of the last quarter of an hour."""

    message = (
        "Sign in again where you signed in, then repeat this within 15 minutes. A"
        " Better Auth JWT counts if it says when you did, in the claim `auth_time`."
    )
    code = "recent_sign_in_required"

    def has_permission(self, request: Request, view: Any) -> bool:
        return credential_of(request).is_recent(at=timezone.now())
