"""Sending the reminders that are due.

A reminder is first taken in a transaction of its own and then sent. So no lock is held
while the mail server works, and no reminder is sent twice, however many senders run. A
sender that crashes in between loses the one reminder that it has taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from uuid import UUID

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from config.row_security import rows_of
from todos.reminders.mail import reminder_mail
from todos.reminders.planning import (
    Reminder,
    due_reminders,
    put_back,
    take_reminder,
)

MAIL_ERRORS = (OSError, SMTPException)


@dataclass
class Tally:
    """How many reminders one run has sent, given up and postponed."""

    sent: int = 0
    refused: int = 0
    postponed: int = 0

    def __str__(self) -> str:
        return (
            f"sent: {self.sent}, refused: {self.refused}, postponed: {self.postponed}"
        )

    def __bool__(self) -> bool:
        return bool(self.sent or self.refused or self.postponed)


@dataclass
class Backoff:
    """When to retry reminders that could not be sent, with exponential backoff."""

    FIRST = timedelta(seconds=30)
    LONGEST = timedelta(hours=1)

    _delays: dict[UUID, tuple[datetime, timedelta]] = field(default_factory=dict)

    def allows(self, task_id: UUID, *, at: datetime) -> bool:
        """Whether it is time to try this reminder."""
        known = self._delays.get(task_id)
        return known is None or known[0] <= at

    def failed(self, task_id: UUID, *, at: datetime) -> None:
        """Record that the reminder could not be sent."""
        self._forget(at)
        _, before = self._delays.get(task_id, (at, self.FIRST / 2))
        delay = min(2 * before, self.LONGEST)
        self._delays[task_id] = (at + delay, delay)

    def _forget(self, at: datetime) -> None:
        """Drop old entries, so that memory is bounded."""
        old = at - 2 * self.LONGEST
        self._delays = {one: due for one, due in self._delays.items() if due[0] > old}


def send_due(
    *,
    at: datetime,
    backoff: Backoff | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Tally:
    """Send the reminders that are due at `at`, until `is_stopped`.

    Raises:
        OSError, SMTPException: the mail server can't be reached. The reminders that
            were not sent remain due.
    """
    tally, backoff = Tally(), backoff or Backoff()
    server: BaseEmailBackend = get_connection()
    try:
        for task in due_reminders(at=at):
            if is_stopped():
                break
            if not backoff.allows(task.pk, at=at):
                continue
            server.open()  # before taking a reminder, which could get lost
            with rows_of(task.owner_id):
                reminder = take_reminder(task.pk, owner_id=task.owner_id, at=at)
                if reminder:
                    _send(reminder, server, tally, backoff, at=at)
    finally:
        server.close()
    return tally


def _send(
    reminder: Reminder,
    server: BaseEmailBackend,
    tally: Tally,
    backoff: Backoff,
    *,
    at: datetime,
) -> None:
    try:
        server.send_messages([reminder_mail(reminder, at=at)])
    except MAIL_ERRORS as exc:
        if _is_final(exc):
            tally.refused += 1
            return
        put_back(reminder)
        backoff.failed(reminder.task.pk, at=at)
        tally.postponed += 1
        server.close()
    else:
        tally.sent += 1


def _is_final(exc: Exception) -> bool:
    """Whether the server permanently rejects the address (RFC 5321, 4.2.1)."""
    if not isinstance(exc, SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in exc.recipients.values())
