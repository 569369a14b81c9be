"""The commands that must run regularly, and when each last succeeded.

A scheduler that stopped has no other symptom for weeks: deleted texts stay, tables
grow, and users miss their reminders.
"""

from datetime import datetime, timedelta

from django.db.models import F

from config.models import CommandRun

# How long after its last success a command is late. Backups and purges run daily; the
# sender of reminders pauses for ten minutes at most.
LATE_AFTER = {
    "backup": timedelta(days=2),
    "purge_accounts": timedelta(days=2),
    "purge_credentials": timedelta(days=2),
    "purge_trash": timedelta(days=2),
    "purge_history": timedelta(days=2),
    "send_reminders": timedelta(hours=1),
}


# How long a backup that was restored as a test says that the next can be.
RESTORE_TEST_LATE_AFTER = timedelta(days=90)


def record_success(name: str, *, at: datetime, done: int) -> None:
    """Record that the command did all of its work at `at`, which was `done` things."""
    CommandRun.objects.update_or_create(
        name=name,
        defaults={"succeeded_at": at, "done": F("done") + done},
        create_defaults={"succeeded_at": at, "done": done},
    )


def last_success(name: str) -> datetime | None:
    """Return when the command last succeeded, or None if it never did."""
    run = CommandRun.objects.filter(name=name).first()
    return run.succeeded_at if run else None


def last_successes() -> dict[str, datetime | None]:
    """Return when each regular command last succeeded, or None if it never did."""
    recorded = dict(CommandRun.objects.values_list("name", "succeeded_at"))
    return {name: recorded.get(name) for name in LATE_AFTER}
