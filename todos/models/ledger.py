"""The ledger of a user: its counter and lock."""

from __future__ import annotations

from django.db import models

from accounts.models import User
from todos.models.owned import OwnedQuerySet


class Ledger(models.Model):
    """The number of a user's last change.

    The row is the lock on the user's data: every batch takes a number first, so a
    user's writes run one after the other, in the order of their numbers.
    """

    owner = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    last_seq = models.BigIntegerField(default=0)
    # The last change that was purged: the feed cannot continue from before it.
    purged_seq = models.BigIntegerField(default=0, db_default=0)
    # How many tasks and lists are stored, including those in the trash.
    stored = models.BigIntegerField(default=0, db_default=0)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ledger of user {self.owner_id}"
