"""Where allauth's pages follow our rules."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPException
from typing import Any
from urllib.parse import quote, urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import (
    REDIRECT_FIELD_NAME,
    SESSION_KEY,
    update_session_auth_hash,
)
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from accounts import device_cookies, events, identity_mails, password_attempts
from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import ascii_email
from accounts.credentials import (
    CredentialEnded,
    change_password,
    end_all,
    lock_if_current,
)
from accounts.emails import Confirmation, EmailAddress
from accounts.models import SecurityEvent, User
from accounts.sign_in_records import record_password
from config.api.problems import Unavailable
from config.api.throttling import count_request
from config.client_address import client_address
from config.errors import answer

logger = logging.getLogger(__name__)

# Mails to an address that whoever asks for them need not own, and what each is counted
# as: somebody who uses up one kind leaves the others to the owner.
UNSOLICITED_MAILS = {
    "account/email/account_already_exists": "note",
    "account/email/email_confirmation": "confirm",
    "account/email/email_confirmation_signup": "confirm",
    "account/email/password_reset_key": "reset",
    "account/email/unknown_account": "note",
}


def session_key_of(request: HttpRequest) -> str:
    """Return what tells this session from others, empty where there is none."""
    session = getattr(request, "session", None)
    return str(getattr(session, "session_key", None) or "")


class AccountAdapter(DefaultAccountAdapter):
    """allauth's behaviour, with our credentials, our events and our addresses."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is locked.",
        "duplicate_email": "You already use or have already requested this address.",
        "email_password_mismatch": "The e-mail address or password is incorrect.",
        "email_taken": "An account with this address already exists. Sign in instead.",
        "enter_current_password": "The password is incorrect.",
        "incorrect_password": "The password is incorrect.",
    }

    # --- Addresses and passwords ----------------------------------------------

    def clean_email(self, email: str) -> str:
        """Take plain ASCII addresses only, in lower case.

        Also to look one up: what a new one may look like, its form says.
        """
        ascii_email(email)
        if len(email) > EMAIL_MAX_LENGTH:
            raise ValidationError(
                f"Use an address of at most {EMAIL_MAX_LENGTH} characters.",
                code="max_length",
            )
        return email.lower()

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Let go of an address that was asked for, never of the one in use."""
        return email_address.email != email_address.user.email

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """End every credential where the address changes, but for this session.

        Refuses an address that meanwhile became somebody else's login name, and one
        that was dropped: saving its row would store it anew.
        """
        user = email_address.user
        before, epoch = user.email, user.credential_epoch
        try:
            with self._notifications_after_commit(), transaction.atomic():
                lock_if_current(user)
                email_address.refresh_from_db(fields=["email", "verified", "primary"])
                confirmed = super().confirm_email(request, email_address)
                if confirmed and user.email != before:
                    end_all(user=user, at=timezone.now())
        except (IntegrityError, CredentialEnded, ObjectDoesNotExist):
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        # A session that had ended before stays ended.
        if (
            SESSION_KEY in request.session
            and request.user == user
            and request.user.credential_epoch == epoch
        ):
            update_session_auth_hash(request, user)
        return confirmed

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Show a signed-in person that the address is now verified."""
        if self.request.user.is_authenticated:
            return reverse("accounts:security")
        return reverse("account_login")

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """End every credential of the user with the old password."""
        assert isinstance(user, User)
        change_password(user=user, password=password, at=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go back to where the link to the form stands."""
        return reverse("accounts:security")

    def is_safe_url(self, url: str) -> bool:
        """Go on to paths of this site alone.

        Other text can be taken for the name of a view, or for a path under the page.
        """
        is_path = url.startswith("/") and url.isprintable()
        return is_path and bool(super().is_safe_url(url))

    # --- Sign-in --------------------------------------------------------------

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin a session, if what the user was authenticated by still holds."""
        assert isinstance(user, User)
        with transaction.atomic():
            lock_if_current(user)
            super().login(request, user)

    def post_login(
        self,
        request: HttpRequest,
        user: AbstractBaseUser,
        *,
        signup: bool,
        **kwargs: Any,
    ) -> HttpResponse:
        """Know the browser from now on.

        Signing up counts as giving the password that was just chosen. A user whose
        connected sign-ins are paused sees which they are, then goes on.
        """
        assert isinstance(user, User)
        if signup:
            record_password(request, user)
        response = super().post_login(request, user, signup=signup, **kwargs)
        if user.identities.exclude(suspended_at=None).exists():
            onward = urlencode({REDIRECT_FIELD_NAME: response["Location"]})
            response = HttpResponseRedirect(f"{reverse('accounts:paused')}?{onward}")
        if user.email is not None:
            device_cookies.set_cookie(request, response, user.email)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address for mails; allauth cuts it as `address_key` does."""
        return client_address(request)

    def authenticate(
        self, request: HttpRequest, **credentials: str
    ) -> AbstractBaseUser | None:
        """Compare a password at sign-in, within the limits on guesses."""
        email = str(credentials.get("email") or "").lower()
        with password_attempts.sign_in_attempt(request, email) as attempt:
            user = super().authenticate(request, **credentials)
            attempt.failed = user is None
        return user

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Compare the password of a signed-in user, counted by their session."""
        assert isinstance(user, User)
        return password_attempts.check_password(
            user, password, session=session_key_of(self.request)
        )

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
        """Send a mail whose links start with `base_url`, or answer 503.

        Of each kind that a stranger can cause, one mailbox gets a few in an hour. The
        answer is the same without the mail.
        """
        kind = UNSOLICITED_MAILS.get(template_prefix)
        if kind is not None and not self._is_requested_by_staff():
            mailbox = f"{email.lower()} {kind}"
            reading = count_request("mail", mailbox, now=time.time())
            if reading.wait is not None:
                logger.warning("mail not sent: limit", extra={"kind": template_prefix})
                return
        try:
            super().send_mail(
                template_prefix, email, {**context, "base_url": settings.BASE_URL}
            )
        except (SMTPException, OSError) as exc:
            logger.exception("mail not sent", extra={"kind": template_prefix})
            raise ImmediateHttpResponse(answer(self.request, Unavailable())) from exc

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person what was done; it stays done if the mail can't be sent."""
        waiting: list[Callable[[], None]] | None
        waiting = getattr(self.request, "notifications", None)
        if waiting is not None:
            again = self.send_notification_mail
            waiting.append(lambda: again(template_prefix, user, context, email))
            return
        assert isinstance(user, User)
        context = {"paused": identity_mails.describe_suspended(user), **(context or {})}
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except ImmediateHttpResponse:
            logger.warning("notification lost")

    @contextmanager
    def _notifications_after_commit(self) -> Iterator[None]:
        """Hold notifications until the transaction inside has committed.

        On SQLite nobody else could write while the mail server takes its time.
        """
        waiting: list[Callable[[], None]] = []
        self.request.notifications = waiting
        try:
            yield
        finally:
            del self.request.notifications
        for tell in waiting:
            tell()

    def send_password_reset_mail(
        self, user: AbstractBaseUser, email: str, context: dict[str, Any]
    ) -> None:
        """Record the member of staff who asks for it, beside sending the mail."""
        assert isinstance(user, User)
        super().send_password_reset_mail(user, email, context)
        if self._is_requested_by_staff():
            events.record(
                user,
                SecurityEvent.Kind.RESET_REQUESTED,
                at=timezone.now(),
                by=self.request.user,
            )

    def _is_requested_by_staff(self) -> bool:
        user = getattr(self.request, "user", None)
        return bool(getattr(user, "is_staff", False))
