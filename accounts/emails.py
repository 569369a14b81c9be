"""Addresses that are asked for, and the links that confirm them."""

from datetime import timedelta

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing

from accounts.models import User

LINK_LIVES = timedelta(days=3)
SALT = "accounts.emails.confirmation"


def forget_pending(user: User) -> None:
    """Delete the addresses that the user asked to change to and never confirmed."""
    pending = EmailAddress.objects.filter(user=user, verified=False)
    pending.exclude(email=user.email).delete()


class Confirmation(EmailConfirmationHMAC):  # type: ignore[misc]  # untyped
    """allauth's link to confirm an address, which ends with the user's credentials.

    The key carries the credential epoch: what raises that voids the link.
    """

    @property
    def key(self) -> str:
        """The signed part of the link."""
        address = self.email_address
        return signing.dumps([address.pk, address.user.credential_epoch], salt=SALT)

    @classmethod
    def from_key(cls, key: str) -> "Confirmation | None":
        """Return what the key confirms; None if it is void, expired or used."""
        try:
            pk, epoch = signing.loads(key, max_age=LINK_LIVES, salt=SALT)
        except signing.BadSignature:
            return None
        addresses = EmailAddress.objects.select_related("user").filter(
            pk=pk,
            verified=False,
            user__credential_epoch=epoch,
            user__is_active=True,
        )
        address = addresses.first()
        return None if address is None else cls(address)


class ResetTokenGenerator(PasswordResetTokenGenerator):
    """Links to reset a password, which end with the user's credentials."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        # Not the hash of the password, which is also replaced when it is upgraded. Who
        # resets a password raises the epoch, so that a link works once.
        return f"{user.pk}:{user.email}:{user.credential_epoch}:{timestamp}"
