"""The link that switches the reminder mails of a user off and on.

Every reminder mail contains it. Its token authorises this switch and nothing else, so
the link requires no sign-in and never expires: mails can be stopped years later.
"""

from datetime import datetime
from uuid import UUID

from django.core.signing import BadSignature, Signer

from accounts.models import User


def _signer() -> Signer:
    # Created for each use, so that it has the current keys of the settings.
    return Signer(salt="accounts.reminder_mails", sep=".")


def token_of(user: User) -> str:
    """Return the token that switches the reminder mails of `user`."""
    return _signer().sign(user.pk.hex)


def recipient_of(token: str) -> User | None:
    """Return the user of the token, None if it is not valid."""
    try:
        pk = UUID(hex=_signer().unsign(token))
    except (BadSignature, ValueError):
        return None
    return User.objects.filter(pk=pk).first()


def switch(user: User, *, on: bool, at: datetime) -> None:
    """Switch the reminder mails of the user on or off."""
    User.objects.filter(pk=user.pk).update(reminder_mails=on, updated_at=at)
    user.reminder_mails = on
