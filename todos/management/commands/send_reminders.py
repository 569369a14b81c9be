"""Send the reminders that are due, once or continuously."""

from __future__ import annotations

import logging
import select
import signal
import socket
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from config.outages import part_of
from config.regular_commands import record_success
from todos.reminders.delivery import MAIL_ERRORS, Backoff, send_due

logger = logging.getLogger(__name__)

EVERY = 30  # seconds, aligned to the minute
LONGEST_PAUSE = 600  # seconds, while the database or mail server is unavailable


class Command(BaseCommand):
    help = "Send the reminders that are due. Several of these can run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forever", action="store_true", help=f"Check every {EVERY} seconds."
        )

    def handle(self, *args: object, **options: object) -> None:
        if options["forever"]:
            Loop().run()
            return
        try:
            tally = send_due(at=timezone.now())
        except MAIL_ERRORS as exc:
            # Without the cause, because the text of an SMTP error may quote the mail.
            raise CommandError(
                f"The mail server can't be reached ({type(exc).__name__})."
                " The reminders remain due."
            ) from None
        record_success("send_reminders", at=timezone.now(), done=tally.sent)
        self.stdout.write(f"Reminders {tally}")


class Loop:
    """Sends reminders in rounds, and survives outages of database and mail server."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._backoff = Backoff()
        self._failures = 0

    def run(self) -> None:
        """Send until the process gets a signal to stop, and finish the current mail."""
        wakeup, writer = socket.socketpair()
        with wakeup, writer:
            writer.setblocking(False)
            before = signal.set_wakeup_fd(writer.fileno())
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            try:
                self._send_until_stopped(wakeup)
            finally:
                signal.set_wakeup_fd(before)

    def _stop(self, *_: object) -> None:
        # A handler interrupts any code, also code that holds a lock: it must not wait
        # for one, as `threading.Event.set` does.
        self._is_stopped = True

    def _send_until_stopped(self, wakeup: socket.socket) -> None:
        logger.info("reminders: waiting")
        while not self._is_stopped:
            self._round()
            # Close it, because the next round may be much later.
            connection.close()
            seconds = pause(timezone.now().timestamp(), self._failures)
            select.select([wakeup], [], [], seconds)
        logger.info("reminders: stopped")

    def _round(self) -> None:
        try:
            tally = send_due(
                at=timezone.now(),
                backoff=self._backoff,
                is_stopped=lambda: self._is_stopped,
            )
            record_success("send_reminders", at=timezone.now(), done=tally.sent)
        except (DatabaseError, InterfaceError) as error:
            if not part_of(error):
                raise
            self._failed("reminders: the database can't be reached")
        except MAIL_ERRORS:
            self._failed("reminders: the mail server can't be reached")
        else:
            self._failures = 0
            if tally:
                logger.info("reminders: %s", tally)

    def _failed(self, message: str) -> None:
        self._failures += 1
        logger.warning(message, exc_info=True)


def pause(now: float, failures: int) -> float:
    """Return the seconds until the next round, at the next half minute.

    After failures the pause doubles each time.
    """
    rest = EVERY - now % EVERY
    later = EVERY * (2.0 ** min(failures, 10) - 1) if failures else 0
    return min(rest + later, LONGEST_PAUSE)
