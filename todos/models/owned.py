"""What the models of the app share: an owner, a place, a colour."""

from __future__ import annotations

from typing import Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.models import User

_Row = TypeVar("_Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[_Row]):
    """The one way in: every access from a page or an endpoint starts here."""

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """Only the rows that `user` may see and change; none for an anonymous user."""
        return self.filter(owner=user.pk) if user.is_authenticated else self.none()


def position_now() -> int:
    """Return a place after every earlier one: microseconds since the epoch.

    The gaps leave room to put a row between two others by the mean of their places.
    """
    return int(timezone.now().timestamp() * 1_000_000)


class Colour(models.TextChoices):
    """The colours a list or label can have; the style sheet gives them their shade."""

    GREY = "grey"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    TEAL = "teal"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
