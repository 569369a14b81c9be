"""Sending the reminders that are due.

A reminder is taken first, in a transaction of its own, and sent after it. So nothing is
locked while a mail server takes its time, and none is sent twice, however many senders
run. A sender that dies in between loses the one reminder it has in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any
from uuid import UUID

from django.core.mail import get_connection

from todos.reminders.mail import reminder_mail
from todos.reminders.planning import (
    Reminder,
    due_reminders,
    put_back,
    take_reminder,
)

MAIL_TROUBLE = (OSError, SMTPException)


@dataclass
class Tally:
    """What became of the reminders of one run."""

    sent: int = 0
    refused: int = 0
    put_off: int = 0

    def __str__(self) -> str:
        return f"sent: {self.sent}, refused: {self.refused}, put off: {self.put_off}"

    def __bool__(self) -> bool:
        return bool(self.sent or self.refused or self.put_off)


@dataclass
class Patience:
    """When to try again what could not be sent: twice as late each time."""

    FIRST = timedelta(seconds=30)
    LONGEST = timedelta(hours=1)

    _delays: dict[UUID, tuple[datetime, timedelta]] = field(default_factory=dict)

    def allows(self, task_id: UUID, *, at: datetime) -> bool:
        """Whether it is time to try this one."""
        known = self._delays.get(task_id)
        return known is None or known[0] <= at

    def failed(self, task_id: UUID, *, at: datetime) -> None:
        """Note that it could not be sent."""
        self._forget(at)
        _, before = self._delays.get(task_id, (at, self.FIRST / 2))
        delay = min(2 * before, self.LONGEST)
        self._delays[task_id] = (at + delay, delay)

    def _forget(self, at: datetime) -> None:
        """Let go of what nobody has tried for long, so that memory is bounded."""
        old = at - 2 * self.LONGEST
        self._delays = {one: due for one, due in self._delays.items() if due[0] > old}


def send_due(
    *,
    at: datetime,
    patience: Patience | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Tally:
    """Send every reminder that is due at `at`, unless told to stop between two.

    Raises:
        OSError, SMTPException: the mail server can't be reached. What was not sent
            stays to be sent.
    """
    tally, patience = Tally(), patience or Patience()
    post = get_connection()
    try:
        for task_id in due_reminders(at=at):
            if is_stopped():
                break
            if not patience.allows(task_id, at=at):
                continue
            post.open()  # before a reminder is in hand that could be lost
            if reminder := take_reminder(task_id, at=at):
                _send(reminder, post, tally, patience, at=at)
    finally:
        post.close()
    return tally


def _send(
    reminder: Reminder, post: Any, tally: Tally, patience: Patience, *, at: datetime
) -> None:
    try:
        post.send_messages([reminder_mail(reminder, at=at)])
    except MAIL_TROUBLE as exc:
        if _is_final(exc):
            tally.refused += 1
            return
        put_back(reminder)
        patience.failed(reminder.task.pk, at=at)
        tally.put_off += 1
        post.close()
    else:
        tally.sent += 1


def _is_final(exc: Exception) -> bool:
    """Whether the server will never take mail for the address (RFC 5321, 4.2.1)."""
    if not isinstance(exc, SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in exc.recipients.values())
