"""The ledger of a user: its counter and lock."""

from __future__ import annotations

from django.db import models

from accounts.models import User
from todos.models.owned import OwnedQuerySet


class Ledger(models.Model):
    """The number of a person's last change.

    Its row is the one lock of a person's data: who writes takes a number first, so a
    person's writes come one after the other, in the order of their numbers.
    """

    owner = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    last_seq = models.BigIntegerField(default=0)
    # The last number that is gone for its age: nobody can go on from before it.
    purged_seq = models.BigIntegerField(default=0, db_default=0)
    # Tasks and lists that batches have stored, those in the trash among them.
    stored = models.BigIntegerField(default=0, db_default=0)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ledger of user {self.owner_id}"
