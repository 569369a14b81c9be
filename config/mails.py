"""Sending mails: few at once, or printing them, and what templates say of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.core.mail.backends import console, smtp
from django.core.mail.message import EmailMessage
from django.http import HttpRequest

from config.logs import printable

CONSOLE = "config.mails.TerminalBackend"
WIDTH = 79
AT_ONCE = 2  # mails that the threads of a process send
WAIT_MAX = 2.0  # seconds
# Of the four threads of a process, these may send a mail or wait for that. Others are
# refused soon: if all threads waited, the process would serve nobody.
THREADS = 3
SOON = 0.25  # seconds


class TooManyMails(OSError):
    """Other mails are being sent, and take long."""


class SMTPBackend(smtp.EmailBackend):
    """Sends mails by SMTP, few at once.

    A mail is sent by the thread of a request. If the mail server does not answer, this
    leaves threads for other requests.
    """

    _slots = threading.BoundedSemaphore(AT_ONCE)
    _threads = threading.BoundedSemaphore(THREADS)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send mails, and return how many.

        Raises:
            TooManyMails: others took more than `WAIT_MAX`, or too many wait already.
        """
        with _held(self._threads, SOON), _held(self._slots, WAIT_MAX):
            return super().send_messages(email_messages)


@contextmanager
def _held(semaphore: threading.BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not semaphore.acquire(timeout=seconds):
        raise TooManyMails
    try:
        yield
    finally:
        semaphore.release()


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
