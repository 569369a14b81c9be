"""The adapter through which allauth's account pages follow our rules."""

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
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from accounts import device_cookies, events, leaving, password_attempts
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
from accounts.passwords import is_too_short, minimum_length
from accounts.sign_in_records import record_password
from config.api.problems import Unavailable
from config.api.throttling import count_request
from config.client_address import client_address
from config.errors import answer

logger = logging.getLogger(__name__)

# Mails that anyone can cause to any address, and the kind each is counted as, so that
# an attacker who uses up one kind leaves the others to the owner.
UNSOLICITED_MAILS = {
    "account/email/account_already_exists": "note",
    "account/email/email_confirmation": "confirm",
    "account/email/email_confirmation_signup": "confirm",
    "account/email/password_reset_key": "reset",
    "account/email/unknown_account": "note",
}

MAILED_AS_EVENTS = {
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_set",
}


SECOND_STEP = "accounts.second_step.SecondStep"


def session_key_of(request: HttpRequest) -> str:
    """Return the key of the session, empty if there is none."""
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
        """Return an ASCII address in lower case.

        This applies to every address; the forms check the syntax of a new one.
        """
        ascii_email(email)
        if len(email) > EMAIL_MAX_LENGTH:
            raise ValidationError(
                f"Use an address of at most {EMAIL_MAX_LENGTH} characters.",
                code="max_length",
            )
        return email.lower()

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Allow to delete a pending address, but never the one in use."""
        return email_address.email != email_address.user.email

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Verify an address; if it changes, end every credential but this session.

        An address that another account has verified meanwhile is refused, and so is one
        that was deleted, because saving it would store it again.
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
        """Show a signed-in user that the address is now verified."""
        if self.request.user.is_authenticated:
            return reverse("accounts:security")
        return reverse("account_login")

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Change the password, and end every credential of the user."""
        assert isinstance(user, User)
        change_password(user=user, password=password, at=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return to the page that links to the form."""
        return reverse("accounts:security")

    def is_safe_url(self, url: str) -> bool:
        """Redirect to paths of this site only.

        Other text could be the name of a view, or a path relative to the page.
        """
        is_path = url.startswith("/") and url.isprintable()
        try:
            return is_path and bool(super().is_safe_url(url))
        except ValueError:  # no URL, such as `//[`
            return False

    # --- Sign-in --------------------------------------------------------------

    def get_login_stages(self) -> list[str]:
        """Return the stages of a sign-in, with our second step as the last one."""
        stages = super().get_login_stages()
        theirs = "allauth.mfa.stages.AuthenticateStage"
        return [one for one in stages if one != theirs] + [SECOND_STEP]

    def get_reauthentication_methods(
        self, user: AbstractBaseUser | AnonymousUser
    ) -> list[dict[str, Any]]:
        """Return how users confirm who they are: with a factor, if they have one."""
        if isinstance(user, User) and user.has_factor:
            return [
                {
                    "id": "mfa_reauthenticate",
                    "description": "Use a passkey or a code",
                    "url": reverse("mfa_reauthenticate"),
                }
            ]
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return found

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse | None:
        """Let a user who is leaving prove who they are, with every factor."""
        assert isinstance(user, User)
        if user.is_leaving:
            return None
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin a session, unless the credential of the user has ended meanwhile.

        A user who is leaving gets none, and is shown how to keep the account.
        """
        assert isinstance(user, User)
        if user.is_leaving:
            leaving.begin(request, user, at=timezone.now())
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse(leaving.PAGE)))
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
        """Set the device cookie, and show the suspended identities, if there are any.

        Signing up counts as entering the password that was just chosen.
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
        """Return the client's network address, which allauth shortens for mails."""
        return client_address(request)

    def authenticate(
        self, request: HttpRequest, **credentials: str
    ) -> AbstractBaseUser | None:
        """Compare the password at sign-in, within the limits on attempts."""
        email = str(credentials.get("email") or "").lower()
        with password_attempts.sign_in_attempt(request, email) as attempt:
            user = super().authenticate(request, **credentials)
            attempt.failed = user is None
        if isinstance(user, User) and is_too_short(
            credentials.get("password", ""), user
        ):
            self.add_message(
                request,
                messages.WARNING,
                "account/messages/password_too_short.txt",
                {"minimum": minimum_length(user)},
            )
        return user

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """Compare the password of a signed-in user; attempts count by session."""
        assert isinstance(user, User)
        return password_attempts.check_password(
            user, password, session=session_key_of(self.request)
        )

    # --- Mails ----------------------------------------------------------------

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Link to the configured base URL, whatever the Host header says."""
        path = reverse("account_reset_password_from_key", args=["UID", "KEY"])
        return f"{settings.BASE_URL}{path.replace('UID-KEY', quote(key))}"

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: Any
    ) -> str:
        """Link to the configured base URL, whatever the Host header says."""
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.BASE_URL}{path}"

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: Any, signup: bool
    ) -> None:
        """Send our `Confirmation` in place of allauth's link."""
        ours = Confirmation(emailconfirmation.email_address)
        super().send_confirmation_mail(request, ours, signup)

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Send a mail whose links start with `base_url`, or respond with 503.

        One mailbox gets only a few mails of each unsolicited kind in an hour. The
        response is the same without the mail.
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
        """Notify the user; a mail that can't be sent doesn't undo what happened.

        What is recorded as a security event is mailed with that.
        """
        if template_prefix in MAILED_AS_EVENTS or template_prefix.startswith("mfa/"):
            return
        waiting: list[Callable[[], None]] | None
        waiting = getattr(self.request, "notifications", None)
        if waiting is not None:
            send = self.send_notification_mail
            waiting.append(lambda: send(template_prefix, user, context, email))
            return
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except ImmediateHttpResponse:
            logger.warning("notification lost")

    @contextmanager
    def _notifications_after_commit(self) -> Iterator[None]:
        """Hold notifications back until the transaction inside has committed.

        On SQLite, nobody else could write while the mail server responds.
        """
        waiting: list[Callable[[], None]] = []
        self.request.notifications = waiting
        try:
            yield
        finally:
            del self.request.notifications
        for send in waiting:
            send()

    def send_password_reset_mail(
        self, user: AbstractBaseUser, email: str, context: dict[str, Any]
    ) -> None:
        """Send the mail, and record the member of staff who requested it, if any."""
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
