"""Where allauth's pages follow our rules."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import timezone

from accounts import events
from accounts.credentials import change_password
from accounts.models import SecurityEvent, User, ascii_email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """allauth's behaviour, with our credentials, our events and our addresses."""

    def clean_email(self, email: str) -> str:
        """Take plain ASCII addresses only, in lower case."""
        ascii_email(email)
        return email.lower()

    def set_password(self, user: User, password: str) -> None:
        """End every credential of the user with the old password."""
        change_password(user=user, password=password, at=timezone.now())

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a failed sign-in on the account it was meant for, if there is one."""
        super().authentication_failed(request, **credentials)
        email = str(credentials.get("email") or "").lower()
        if user := User.objects.filter(email=email).first():
            events.record(user, SecurityEvent.Kind.SIGN_IN_FAILED, at=timezone.now())

    def send_password_reset_mail(
        self, user: User, email: str, context: dict[str, Any]
    ) -> None:
        """Record the request beside sending the mail."""
        super().send_password_reset_mail(user, email, context)
        events.record(user, SecurityEvent.Kind.RESET_REQUESTED, at=timezone.now())
