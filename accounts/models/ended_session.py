"""Sessions of a Better Auth server that were ended here only."""

from __future__ import annotations

from django.db import models


class EndedSession(models.Model):
    """A session that was signed out here while its Better Auth server was unreachable.

    The server itself may still accept it.
    """

    digest = models.CharField(
        max_length=64, primary_key=True, help_text="SHA-256 of the session token."
    )
    until = models.DateTimeField(
        help_text="After this time it has ended there as well."
    )

    class Meta:
        indexes = [models.Index(fields=["until"], name="accounts_ended_until")]

    def __str__(self) -> str:
        return "ended session"
