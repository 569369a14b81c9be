"""The counters of the rate limits, and when regular commands succeeded."""

from typing import ClassVar

from django.db import models


class RateCount(models.Model):
    """The number of requests that one limit counted for one caller in one window."""

    key = models.CharField(max_length=100, primary_key=True)
    count = models.BigIntegerField()
    expires_at = models.BigIntegerField(help_text="In seconds since the epoch.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index("expires_at", name="config_ratecount_expiry")
        ]

    def __str__(self) -> str:
        return self.key


class CommandRun(models.Model):
    """When a command that must run regularly last succeeded."""

    name = models.CharField(max_length=100, primary_key=True)
    succeeded_at = models.DateTimeField()
    done = models.BigIntegerField(
        default=0, db_default=0, help_text="How many things all runs did."
    )

    def __str__(self) -> str:
        return self.name
