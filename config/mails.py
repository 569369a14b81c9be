"""Mails without a mail server: how they are printed, and what templates say then."""

from __future__ import annotations

from django.conf import settings
from django.core.mail.backends import console
from django.core.mail.message import EmailMessage
from django.http import HttpRequest

from config.logs import printable

CONSOLE = "config.mails.TerminalBackend"
WIDTH = 79


class TerminalBackend(console.EmailBackend):
    """Prints the text of each mail in a frame, so that its link is easy to find.

    This is the delivery itself, on the standard output, and never part of the log.
    """

    def write_message(self, message: EmailMessage) -> None:
        recipients = ", ".join(message.recipients())
        lines = [f"Subject: {message.subject}", "", *str(message.body).splitlines()]
        self.stream.write(
            f"{f'+--- Mail to {printable(recipients)} ':-<{WIDTH}}\n"
            + "".join(f"| {printable(line)}".rstrip() + "\n" for line in lines)
            + f"{'+':-<{WIDTH}}\n"
        )


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
