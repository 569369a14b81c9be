"""Who a password belongs to."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.passwords import spellings


class PasswordBackend(AuthenticationBackend):  # type: ignore[misc]  # untyped
    """Finds an account by the address it signs in with, and by no other.

    One look-up and as many hashes, whether there is an account or not: allauth looks up
    more often where there is none, and the time it takes would tell.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User:
        """Return the user, or stop the search: no other backend knows passwords."""
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            raise PermissionDenied
        return user

    def _authenticate(
        self, request: HttpRequest | None, **credentials: Any
    ) -> User | None:
        email = str(credentials.get("email") or "").lower()
        found = User.objects.filter(email=email).first()
        user: User | None = self._check_password(found, credentials["password"])
        return user

    def _mitigate_timing_attack(self, password: str) -> None:
        for spelling in spellings(password):
            make_password(spelling)
