"""Checks that purges, reminders and backups run."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from config.doctor.findings import Finding, error, ok, warning
from config.regular_commands import (
    LATE_AFTER,
    RESTORE_TEST_LATE_AFTER,
    last_success,
    last_successes,
)

HINT = "Run it, and look at its timer or crontab: docs/operations.md, Regular commands."
TEST_HINT = "Run manage.py restore FILE --no-switch with the latest backup."
OVERDUE = timedelta(days=2)


def check_regular_commands(*, at: datetime | None = None) -> Iterator[Finding]:
    """Check when each command last succeeded, and what waits to be deleted."""
    at = at or timezone.now()
    for name, succeeded_at in last_successes().items():
        if succeeded_at is None:
            yield warning(f"{name} has never succeeded.", HINT)
            continue
        text = f"{name} last succeeded {_words(at - succeeded_at)} ago."
        is_late = at - succeeded_at > LATE_AFTER[name]
        yield warning(text, HINT) if is_late else ok(text)
    if number := User.objects.filter(delete_after__lte=at - OVERDUE).count():
        yield error(
            f"{number} accounts should have been deleted two days ago.",
            "Run manage.py purge_accounts: their users were promised it.",
        )


def check_backups(*, at: datetime | None = None) -> Iterator[Finding]:
    """Check that a backup was restored as a test."""
    at = at or timezone.now()
    tested_at = last_success("restore_test")
    if tested_at is None:
        yield warning("No backup was restored as a test.", TEST_HINT)
        return
    text = f"A backup was last restored as a test {_words(at - tested_at)} ago."
    is_late = at - tested_at > RESTORE_TEST_LATE_AFTER
    yield warning(text, TEST_HINT) if is_late else ok(text)


def _words(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 2:
        return f"{max(0, round(hours * 60))} minutes"
    return f"{round(hours)} hours" if hours < 48 else f"{round(hours / 24)} days"
