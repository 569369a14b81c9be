"""The reminder mail of a task."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format

from accounts import reminder_mails
from accounts.models import User
from accounts.times import time_words
from todos.agenda import clock_of
from todos.models import Task
from todos.reminders.planning import Reminder, zone_of
from todos.schedule.instants import instant_of, wall_clock

SUBJECT_MAX_LENGTH = 200
NEAR_DAYS = {-1: "yesterday, ", 0: "today, ", 1: "tomorrow, "}


def reminder_mail(reminder: Reminder, *, at: datetime) -> EmailMessage:
    """Return the mail to the owner of the task, as sent at the instant `at`."""
    task, owner = reminder.task, reminder.owner
    stop = reverse("todos:reminders", args=[reminder_mails.token_of(owner)])
    stop_url = f"{settings.BASE_URL}{stop}"
    page = reverse("todos:task-detail", args=[task.pk])
    text = render_to_string(
        "todos/email/reminder.txt",
        {
            "task": task,
            "due": due_words(task, owner=owner, at=at),
            "task_url": f"{settings.BASE_URL}{page}",
            "stop_url": stop_url,
            "base_url": settings.BASE_URL,
        },
    )
    return EmailMessage(
        subject=subject_of(task.title),
        body=text,
        to=[owner.email or ""],
        headers={
            "Message-ID": _message_id(reminder),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic answers
            # One click in the mail program (RFC 8058).
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def subject_of(title: str) -> str:
    """Return the title as one line that can't inject another header."""
    line = " ".join(title.split())
    shown = [one for one in line if unicodedata.category(one) not in {"Cc", "Cs"}]
    if len(shown) > SUBJECT_MAX_LENGTH:
        shown = [*shown[: SUBJECT_MAX_LENGTH - 1], "…"]
    return "".join(shown)


def due_words(task: Task, *, owner: User, at: datetime) -> str:
    """Return when the task is due, in the owner's time zone.

    For example `today, Sunday 22 November 2026, at 09:00`. If the task has another time
    zone, the time in that zone follows.
    """
    assert task.due_date is not None
    if task.due_time is None:
        return _day_words(task.due_date, today=clock_of(owner, now=at).today)
    due = instant_of(task.due_date, task.due_time, zone_of(task, owner))
    here = wall_clock(due, owner.zone)
    words = _day_words(here.date(), today=wall_clock(at, owner.zone).date())
    words += f", at {time_words(here.time(), owner.clock)}"
    if task.due_tz and task.due_tz != owner.timezone:
        there = wall_clock(due, zone_of(task, owner)).time()
        words += f" ({time_words(there, owner.clock)} in {task.due_tz})"
    return words


def _day_words(day: date, *, today: date) -> str:
    near = NEAR_DAYS.get((day - today).days, "")
    return near + date_format(day, "l j F Y")


def _message_id(reminder: Reminder) -> str:
    """Return an id that is the same whenever this reminder is sent.

    If it is sent twice because the response of the server got lost, most mail programs
    show it once.
    """
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    moment = int(reminder.moment.timestamp())
    return f"<reminder.{reminder.task.pk.hex}.{moment}@{host}>"
