"""Finding the user that a command is for."""

from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from accounts.models import User


def find_user(email_or_id: str) -> User:
    """Return the user with this e-mail address or id.

    Raises:
        CommandError: there is none.
    """
    try:
        by_id = Q(pk=UUID(email_or_id))
    except ValueError:
        by_id = Q()
    user = User.objects.filter(by_id or Q(email=email_or_id.lower())).first()
    if user is None:
        raise CommandError(f"There is no user {email_or_id}.")
    return user
