"""Who makes the changes of a test, and the last one made."""

from datetime import datetime

from django.utils import timezone

from accounts.credentials import COMMAND
from accounts.models import User
from todos.caller import Caller
from todos.models import Change


def caller_of(user: User, at: datetime | None = None) -> Caller:
    """Return a caller that writes as `user`, now unless told when."""
    return Caller(user, COMMAND, at or timezone.now())


def last_change(user: User) -> Change | None:
    """Return the newest change in the user's ledger, or None."""
    return Change.objects.owned_by(user).order_by("seq").last()
