"""What the models share: an owner, a position, a colour."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.models import User

_Row = TypeVar("_Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[_Row]):
    """Rows that belong to a user. Every access from an interface starts here."""

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """Only the rows of `user`; none for an anonymous user.

        If the credential of the request is limited to some lists, only rows of these.
        """
        if not isinstance(user, User):
            return self.none()
        rows = self.filter(owner=user.pk)
        limit = user.visible_lists
        return rows if limit is None else rows.in_lists(limit)

    def of_identity(self, issuer: str, subject: str) -> Self:
        """Only if this identity is linked to their owner."""
        return self.filter(
            owner__identities__issuer=issuer, owner__identities__subject=subject
        )

    def in_lists(self, lists: Collection[UUID]) -> Self:
        """Only the rows that belong to these lists; rows of no list stay."""
        return self


def position_now() -> int:
    """Return a position after every earlier one: microseconds since the epoch.

    The gaps leave room to move a row between two others.
    """
    return int(timezone.now().timestamp() * 1_000_000)


class Colour(models.TextChoices):
    """The colours of lists and labels; the style sheet defines their shades."""

    GREY = "grey"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    TEAL = "teal"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
