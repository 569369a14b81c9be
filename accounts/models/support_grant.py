"""Views of their tasks that users allow to support staff, and each look at them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models.user import User

REASON_MAX_LENGTH = 200


class SupportGrantQuerySet(models.QuerySet["SupportGrant"]):
    def lasting(self, *, at: datetime) -> SupportGrantQuerySet:
        """Filter for grants that neither their user nor time has ended."""
        return self.filter(ended_at=None, expires_at__gt=at)

    def live(self, *, at: datetime) -> SupportGrantQuerySet:
        """Filter for grants that nothing has ended, such as a new password."""
        return self.lasting(at=at).filter(epoch=F("user__credential_epoch"))


class SupportGrant(models.Model):
    """A user allows one member of support staff to look at their tasks, for minutes.

    It opens with a code that the user tells them. The code is derived from the id, and
    stored nowhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="support_grants"
    )
    reason = models.CharField(max_length=REASON_MAX_LENGTH)
    epoch = models.PositiveIntegerField()
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    opened_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The member of staff who entered the code first, and no other.",
    )

    objects = SupportGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at=None),
                name="accounts_one_support_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"support grant {self.pk}"

    @property
    def over_at(self) -> datetime:
        """When nobody could look any more."""
        return min(self.ended_at or self.expires_at, self.expires_at)


class SupportLook(models.Model):
    """One page with tasks of a user that a member of staff has opened."""

    class Page(models.TextChoices):
        LISTS = "lists", "Your lists"
        LIST = "list", "A list"
        TASK = "task", "A task"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    grant = models.ForeignKey(
        SupportGrant, on_delete=models.CASCADE, related_name="looks"
    )
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    page = models.CharField(max_length=8, choices=Page.choices)
    object_id = models.UUIDField(
        null=True, blank=True, help_text="The list or the task that was shown."
    )

    def __str__(self) -> str:
        return f"support look {self.pk}"
