"""Send the reminders that are due: once, or for as long as the process lives."""

from __future__ import annotations

import logging
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from todos.reminders.delivery import MAIL_TROUBLE, Patience, send_due

logger = logging.getLogger(__name__)

EVERY = 30  # seconds, on the minute and half past it
LONGEST_PAUSE = 600  # seconds, while the database or the mail server is away
DATABASE_TROUBLE = (InterfaceError, OperationalError)


class Command(BaseCommand):
    help = "Mail the reminders that are due. Any number of these may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help=f"Look every {EVERY} seconds."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["forever"]:
            Loop().run()
            return
        try:
            tally = send_due(at=timezone.now())
        except MAIL_TROUBLE as exc:
            # Without its cause: the text of an SMTP error may quote the mail.
            raise CommandError(
                f"The mail server can't be reached ({type(exc).__name__})."
                " What is due stays to be sent."
            ) from None
        self.stdout.write(f"Reminders {tally}")


class Loop:
    """Rounds of sending that outlive the database and the mail server."""

    def __init__(self) -> None:
        self._stop = Event()
        self._patience = Patience()
        self._failures = 0

    def run(self) -> None:
        """Send until the process is told to stop, and finish the mail in hand."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        logger.info("reminders: waiting")
        while not self._stop.is_set():
            self._round()
            # The next round may be long after: nothing is kept open.
            connection.close()
            self._stop.wait(pause(timezone.now().timestamp(), self._failures))
        logger.info("reminders: stopped")

    def _round(self) -> None:
        try:
            tally = send_due(
                at=timezone.now(),
                patience=self._patience,
                is_stopped=self._stop.is_set,
            )
        except DATABASE_TROUBLE:
            self._failed("reminders: the database can't be reached")
        except MAIL_TROUBLE:
            self._failed("reminders: the mail server can't be reached")
        else:
            self._failures = 0
            if tally:
                logger.info("reminders: %s", tally)

    def _failed(self, message: str) -> None:
        self._failures += 1
        logger.warning(message, exc_info=True)


def pause(now: float, failures: int) -> float:
    """Return the seconds until the next round: the next half minute, or far later.

    After several failures in a row it is twice as long each time.
    """
    rest = EVERY - now % EVERY
    later = EVERY * (2.0 ** min(failures, 10) - 1) if failures else 0
    return min(rest + later, LONGEST_PAUSE)
