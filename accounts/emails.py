"""The e-mail addresses of users: which are verified, and how they change.

This is the only module that knows how allauth stores addresses. The login name of a
user is `User.email`; it is verified once a link that was mailed to it has been
followed. A new address is pending until it is verified: it is stored beside the one in
use, and then replaces it.
"""

from datetime import timedelta
from typing import Self

from allauth.account.internal.flows.email_verification import (
    send_verification_email_to_address,
)
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.models import EmailAddress as EmailAddress
from allauth.account.models import EmailConfirmationHMAC
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts.models import User

LINK_LIFETIME = timedelta(days=3)
SALT = "accounts.emails.confirmation"


# --- Which are verified ----------------------------------------------------------


def add(
    user: User, *, is_verified: bool = False, using: str | None = None
) -> EmailAddress:
    """Store the login name of a new user as their address."""
    assert user.email is not None
    return EmailAddress.objects.using(using).create(
        user=user, email=user.email, primary=True, verified=is_verified
    )


def is_verified(user: User) -> bool:
    """Tell whether the user has a login name that is verified."""
    return _verified().filter(user=user, email=user.email).exists()


def has_verified_email(user: str = "pk", email: str = "email") -> Exists:
    """Return `is_verified` as a condition for a query of users, or of their rows.

    The arguments are the columns with the id and the login name of the user.
    """
    return Exists(_verified().filter(user=OuterRef(user), email=OuterRef(email)))


def is_verified_by_anyone(email: str) -> bool:
    """Tell whether any account has verified this address, which is in lower case."""
    return _verified().filter(email=email).exists()


def mark_verified(user: User) -> None:
    """Mark the login name of the user as verified, without a mail."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def _verified() -> QuerySet[EmailAddress]:
    return EmailAddress.objects.filter(verified=True)


# --- How they change -------------------------------------------------------------


def has_address(user: User, email: str) -> bool:
    """Tell whether the address belongs to the user already, in use or pending."""
    return EmailAddress.objects.filter(user=user, email=email).exists()


def pending_address(user: User) -> EmailAddress | None:
    """Return the address that waits for verification, None if there is none."""
    return _pending(user).first()


def set_pending_address(user: User, email: str) -> EmailAddress:
    """Store a new address of the user as pending, in place of an earlier one.

    The address in use stays, verified or not.
    """
    discard_pending_addresses(user)
    address, _ = EmailAddress.objects.get_or_create(user=user, email=email)
    address.user = user  # the link carries the credential epoch of this instance
    return address


def discard_pending_addresses(user: User) -> bool:
    """Delete the addresses of the user that wait for verification, if there are any."""
    return bool(_pending(user).delete()[0])


def _pending(user: User) -> QuerySet[EmailAddress]:
    return EmailAddress.objects.filter(user=user, verified=False).exclude(
        email=user.email
    )


# --- The links that are mailed ----------------------------------------------------


def send_verification_link(request: HttpRequest, address: EmailAddress) -> None:
    """Mail a link that verifies the address."""
    send_verification_email_to_address(request, address)


def send_reset_link(request: HttpRequest, user: User) -> None:
    """Mail a link that resets the password to the login name of the user."""
    assert user.email is not None
    request_password_reset(request, user.email, [user], None)


class Confirmation(EmailConfirmationHMAC):
    """A link that verifies an address.

    It becomes invalid when the user's credentials end, because its key contains the
    credential epoch.
    """

    @property
    def key(self) -> str:
        """The signed part of the link."""
        address = self.email_address
        return signing.dumps([address.pk, address.user.credential_epoch], salt=SALT)

    @classmethod
    def from_key(cls, key: str) -> Self | None:
        """Return what the key verifies, None if it is invalid, expired or used."""
        try:
            pk, epoch = signing.loads(key, max_age=LINK_LIFETIME, salt=SALT)
        except signing.BadSignature:
            return None
        address = (
            EmailAddress.objects.select_related("user")
            .filter(
                pk=pk,
                verified=False,
                user__credential_epoch=epoch,
                user__is_active=True,
            )
            .first()
        )
        return None if address is None else cls(address)


class ResetTokenGenerator(PasswordResetTokenGenerator):
    """Makes links that reset a password.

    They become invalid when the user's credentials end.
    """

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        # The password's hash is left out because an upgrade replaces it as well. A
        # reset raises the epoch, so each link works once.
        return f"{user.pk}:{user.email}:{user.credential_epoch}:{timestamp}"
