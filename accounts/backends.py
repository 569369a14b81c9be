"""The authentication backend for passwords."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from accounts.passwords import unicode_forms


class PasswordBackend(AuthenticationBackend):
    """Finds an account by its login name, and by no other address.

    It runs one query and as many hashes whether the account exists or not. allauth runs
    more queries if it doesn't, which the response time would reveal.
    """

    def authenticate(  # type: ignore[override]  # allauth's own has no username
        self, request: HttpRequest | None, **credentials: str
    ) -> AbstractBaseUser:
        """Return the user, or stop the search: no other backend checks passwords."""
        user = super().authenticate(request, **credentials)
        if user is None:
            raise PermissionDenied
        return user

    def _authenticate(
        self, request: HttpRequest | None, **credentials: str
    ) -> AbstractBaseUser | None:
        email = str(credentials.get("email") or "").lower()
        found = User.objects.filter(email=email).first()
        return self._check_password(found, credentials["password"])

    def _mitigate_timing_attack(self, password: str) -> None:
        for spelling in unicode_forms(password):
            make_password(spelling)
