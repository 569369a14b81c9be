"""What the models share: an owner, a position, a colour."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils import timezone

from accounts.models import User
from todos.models.expressions import SameOwner

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


class OwnedKey(models.ForeignKey):  # type: ignore[type-arg]  # not at run time
    """A reference to a row of the same owner; every join compares the owners as well.

    So the database reads the rows of one owner only, by indexes that begin with the
    owner, and can be split by owner. Rows are deleted by owner, too: deleting a row
    leaves those that refer to it, which must be deleted in the same transaction.
    """

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **options: Any):
        super().__init__(to, on_delete, **options)

    def deconstruct(self) -> Any:
        """Return a plain foreign key, which it is in the database."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs

    def get_extra_restriction(self, alias: str | None, related_alias: str) -> Any:
        """Return the comparison of owners, for the ON clause of a join.

        `alias` is that of the table that is referred to. It is None where Django turns
        `exclude` into a subquery; those compare no owners, so write `Exists`.
        """
        if alias is None:
            return None
        theirs: Any = self.related_model._meta.get_field("owner")
        mine: Any = self.model._meta.get_field("owner")
        return SameOwner(theirs.get_col(alias), mine.get_col(related_alias))

    def get_extra_descriptor_filter(self, instance: Any) -> Any:
        """Return the owner, for `task.list`. `task_list.tasks` does not compare it."""
        return {"owner_id": instance.owner_id}


class OwnedModel(models.Model):
    """A model whose rows belong to a user, and are updated as such."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        owner_id: UUID

    def _do_update(self, base_qs: Any, *args: Any, **options: Any) -> Any:
        mine = base_qs.filter(owner=self.owner_id)
        return super()._do_update(mine, *args, **options)


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
