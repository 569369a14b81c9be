"""What the assembly itself keeps."""

from typing import ClassVar

from django.db import models


class RateCount(models.Model):
    """How often one caller did something in one window of time."""

    key = models.CharField(max_length=100, primary_key=True)
    count = models.BigIntegerField()
    expires_at = models.BigIntegerField(help_text="In seconds since the epoch.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index("expires_at", name="config_ratecount_expiry")
        ]

    def __str__(self) -> str:
        return self.key
