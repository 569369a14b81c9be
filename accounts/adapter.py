"""Where allauth's pages follow our rules."""

import logging
from smtplib import SMTPException
from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts import events
from accounts.credentials import change_password, end_all
from accounts.emails import Confirmation
from accounts.models import EMAIL_MAX_LENGTH, SecurityEvent, User, ascii_email
from config.api.problems import Unavailable
from config.client_address import client_address
from config.errors import answer

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped
    """allauth's behaviour, with our credentials, our events and our addresses."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is locked.",
        "duplicate_email": "This is your address already, or the one you asked for.",
        "email_password_mismatch": "The e-mail address or the password is wrong.",
        "email_taken": "There is an account with this address. Sign in instead.",
        "enter_current_password": "This is not your password.",
        "incorrect_password": "This is not your password.",
        "rate_limited": "Too many attempts. Wait a few minutes, then try again.",
        "too_many_login_attempts": (
            "Too many attempts. Wait a few minutes, then try again."
        ),
    }

    # --- Addresses and passwords ----------------------------------------------

    def clean_email(self, email: str) -> str:
        """Take plain ASCII addresses only, in lower case."""
        ascii_email(email)
        if len(email) > EMAIL_MAX_LENGTH:
            raise ValidationError(
                f"Use an address of at most {EMAIL_MAX_LENGTH} characters.",
                code="max_length",
            )
        return email.lower()

    def can_delete_email(self, email_address: Any) -> bool:
        """Let go of an address that was asked for, never of the one in use."""
        return bool(email_address.email != email_address.user.email)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """End every credential where the address changes, but for this session.

        Refuses an address that meanwhile became somebody else's login name.
        """
        user: User = email_address.user
        before = user.email
        try:
            with transaction.atomic():
                confirmed = bool(super().confirm_email(request, email_address))
                if confirmed and user.email != before:
                    end_all(user=user, at=timezone.now())
        except IntegrityError:
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        if SESSION_KEY in request.session and request.user == user:
            update_session_auth_hash(request, user)
        return confirmed

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Show a signed-in person that the address is now verified."""
        if self.request.user.is_authenticated:
            return reverse("accounts:security")
        return reverse("account_login")

    def set_password(self, user: User, password: str) -> None:
        """End every credential of the user with the old password."""
        change_password(user=user, password=password, at=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go back to where the link to the form stands."""
        return reverse("accounts:security")

    # --- Sign-in --------------------------------------------------------------

    def post_login(
        self, request: HttpRequest, user: User, *, signup: bool, **kwargs: Any
    ) -> HttpResponse:
        """Count signing up as giving the password that was just chosen."""
        if signup:
            record_authentication(request, user, method="password")
        response: HttpResponse = super().post_login(
            request, user, signup=signup, **kwargs
        )
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address for mails; allauth cuts it as `address_key` does."""
        return client_address(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a failed sign-in on the account it was meant for, if there is one."""
        super().authentication_failed(request, **credentials)
        email = str(credentials.get("email") or "").lower()
        if user := User.objects.filter(email=email).first():
            events.record(user, SecurityEvent.Kind.SIGN_IN_FAILED, at=timezone.now())

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        # allauth's own key begins with the Host header, whose port is anyone's to
        # choose: each port would get a fresh set of guesses.
        return str(credentials.get("email") or "").lower()

    # --- Mails ----------------------------------------------------------------

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Link to our configured address, whatever Host the request named."""
        path = reverse("account_reset_password_from_key", args=["UID", "KEY"])
        return f"{settings.BASE_URL}{path.replace('UID-KEY', quote(key))}"

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: Any
    ) -> str:
        """Link to our configured address, whatever Host the request named."""
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.BASE_URL}{path}"

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: Any, signup: bool
    ) -> None:
        """Send our own kind of link in place of allauth's."""
        ours = Confirmation(emailconfirmation.email_address)
        super().send_confirmation_mail(request, ours, signup)

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Send a mail whose links start with `base_url`, or answer 503."""
        try:
            super().send_mail(
                template_prefix, email, {**context, "base_url": settings.BASE_URL}
            )
        except (SMTPException, OSError) as exc:
            logger.exception("mail not sent", extra={"kind": template_prefix})
            raise ImmediateHttpResponse(answer(self.request, Unavailable())) from exc

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell the person what was done; it stays done if the mail can't be sent."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except ImmediateHttpResponse:
            logger.warning("notification lost")

    def send_password_reset_mail(
        self, user: User, email: str, context: dict[str, Any]
    ) -> None:
        """Record the request beside sending the mail, and the staff who made it."""
        super().send_password_reset_mail(user, email, context)
        asking = context["request"].user
        by = asking if asking.is_staff and asking != user else None
        events.record(
            user, SecurityEvent.Kind.RESET_REQUESTED, at=timezone.now(), by=by
        )
