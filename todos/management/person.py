"""Whom a command is about."""

from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import Q

from accounts.models import User


def person_named(name: str) -> User:
    """Return the user with this e-mail address or id.

    Raises:
        CommandError: there is none.
    """
    try:
        by_id = Q(pk=UUID(name))
    except ValueError:
        by_id = Q()
    person = User.objects.filter(by_id or Q(email=name.lower())).first()
    if person is None:
        raise CommandError(f"There is no user {name}.")
    return person
