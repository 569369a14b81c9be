"""What pages may promise of mails."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def mails(request: HttpRequest | None = None) -> dict[str, Any]:
    """Tell templates whether mails are sent, or printed where the server runs.

    And how many go to one address in an hour: what is beyond is not sent, without a
    word, so the pages say it beforehand.
    """
    number, _ = settings.RATE_LIMITS["mail"]
    return {
        "mails_are_printed": settings.EMAIL_BACKEND == CONSOLE,
        "mails_an_hour": number,
    }
