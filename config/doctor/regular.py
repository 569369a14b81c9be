"""Checks that purges, reminders and backups run."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from config.doctor.findings import Finding, counted, error, ok, warning
from config.regular_commands import (
    LATE_AFTER,
    RESTORE_TEST_LATE_AFTER,
    last_success,
    last_successes,
)

HINT = "Run it, and look at its timer or crontab: docs/operations.md, Regular commands."
BACKUP_HINT = (
    "Run manage.py backup every day. If another program makes the backups, set"
    " BACKUPS_ELSEWHERE=true."
)
TEST_HINT = "Run manage.py restore FILE --no-switch with the latest backup."
OVERDUE = timedelta(days=2)


def check_regular_commands(*, at: datetime | None = None) -> Iterator[Finding]:
    """Check when each command last succeeded, and what waits to be deleted."""
    at = at or timezone.now()
    for name, succeeded_at in last_successes().items():
        if name == "backup":
            continue  # check_backups looks at it
        if succeeded_at is None:
            yield warning(f"{name} has never succeeded.", HINT)
        else:
            yield _since(name, at - succeeded_at)
    if number := User.objects.filter(delete_after__lte=at - OVERDUE).count():
        yield error(
            f"{counted(number, 'account')} should have been deleted two days ago.",
            "Run manage.py purge_accounts: their users were promised it.",
        )


def check_backups(*, at: datetime | None = None) -> Iterator[Finding]:
    """Check that backups are made, and that one was restored as a test."""
    if settings.BACKUPS_ELSEWHERE:
        yield ok("Another program makes the backups (BACKUPS_ELSEWHERE).")
        return
    at = at or timezone.now()
    made_at, tested_at = last_success("backup"), last_success("restore_test")
    if made_at is None:
        yield warning("backup has never succeeded.", BACKUP_HINT)
    else:
        yield _since("backup", at - made_at)
    if tested_at is not None:
        text = f"A backup was last restored as a test {_words(at - tested_at)} ago."
        is_late = at - tested_at > RESTORE_TEST_LATE_AFTER
        yield warning(text, TEST_HINT) if is_late else ok(text)
    elif made_at is not None:
        yield warning("No backup was restored as a test.", TEST_HINT)


def _since(name: str, age: timedelta) -> Finding:
    text = f"{name} last succeeded {_words(age)} ago."
    return warning(text, HINT) if age > LATE_AFTER[name] else ok(text)


def _words(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 2:
        return counted(max(0, round(hours * 60)), "minute")
    if hours < 48:
        return counted(round(hours), "hour")
    return counted(round(hours / 24), "day")
