"""What templates need to know about sending mail."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def mails(request: HttpRequest | None = None) -> dict[str, object]:
    """Return whether mails are printed on the console instead of sent, and their limit.

    Mails to one address beyond the limit per hour are dropped silently, so the pages
    announce the limit.
    """
    number, _ = settings.RATE_LIMITS["mail"]
    return {
        "mails_are_printed": settings.EMAIL_BACKEND == CONSOLE,
        "mails_an_hour": number,
    }
