"""Switching an account's reminder mails off and on, by who holds a link to it.

Every reminder mail carries such a link. Its token is all the authority there is: who
has it may switch these mails, and do nothing else. So it needs no sign-in and has no
end: a mail can be stopped years later.
"""

from datetime import datetime
from uuid import UUID

from django.core.signing import BadSignature, Signer

from accounts.models import User


def _signer() -> Signer:
    # Made when needed: the keys are those of the settings now.
    return Signer(salt="accounts.reminder_mails", sep=".")


def token_of(user: User) -> str:
    """Return the token that switches the reminder mails of `user`."""
    return _signer().sign(user.pk.hex)


def recipient_of(token: str) -> User | None:
    """Return whose mails the token switches; None for one that we didn't make."""
    try:
        pk = UUID(hex=_signer().unsign(token))
    except (BadSignature, ValueError):
        return None
    return User.objects.filter(pk=pk).first()


def switch(user: User, *, on: bool, at: datetime) -> None:
    """Send reminder mails to the account from now on, or no more."""
    User.objects.filter(pk=user.pk).update(reminder_mails=on, updated_at=at)
    user.reminder_mails = on
