"""Mails to a user about their linked identities, which the mails call sign-ins."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError

from accounts import emails
from accounts.addresses import validate_new_address
from accounts.models import LinkedIdentity, User


def send_linked(identity: LinkedIdentity) -> None:
    """Tell the user that the identity was linked."""
    _send("account/email/identity_linked", identity)


def send_unlinked(identity: LinkedIdentity) -> None:
    """Tell the user that the identity was unlinked."""
    _send("account/email/identity_unlinked", identity)


def _send(template: str, identity: LinkedIdentity) -> None:
    """Send a mail to the verified address of the account, if it has one."""
    user = identity.user
    if emails.is_verified(user):
        get_adapter().send_notification_mail(
            template, user, {"sign_in": describe(identity)}, email=user.email
        )


def describe(identity: LinkedIdentity) -> str:
    """Describe an identity in a mail: its address, if it has one, and its issuer.

    `known_as` is what a user of the issuer wrote there. Anything but an address could
    address the reader in our name, so it is left out.
    """
    try:
        validate_new_address(identity.known_as)
    except ValidationError:
        return f"A sign-in at {identity.issuer}"
    return f"{identity.known_as} at {identity.issuer}"


def describe_suspended(user: User) -> list[str]:
    """Describe the identities that a reset by mail has suspended."""
    suspended = user.identities.exclude(suspended_at=None).order_by("created_at", "pk")
    return [describe(identity) for identity in suspended]
