"""Finding the users that a command is for."""

from collections.abc import Iterator
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from accounts.models import User

PAGE = 500  # users loaded at once


def every_user() -> Iterator[User]:
    """Yield all users in the order of their ids, loaded page by page."""
    users = User.objects.order_by("pk")
    page = list(users[:PAGE])
    while page:
        yield from page
        page = list(users.filter(pk__gt=page[-1].pk)[:PAGE])


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
