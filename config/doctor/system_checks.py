"""The system checks of Django and of Ownlist, with those for a deployment."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from config.doctor.findings import Finding, Level, ok

# Reported by the check of the files.
ELSEWHERE = {"config.W021", "config.W022"}
# What lacks without https, which a service for this machine alone does not need.
ONLY_WITH_HTTPS = {f"security.W{number}" for number in ("004", "008", "010", "012")} | {
    "security.W016"
}


def check_settings() -> Iterator[Finding]:
    """Run the checks of `manage.py check --deploy`, without those of the database."""
    left_out = ELSEWHERE | (set() if settings.IS_HTTPS else ONLY_WITH_HTTPS)
    messages = [
        message
        for message in checks.run_checks(include_deployment_checks=True)
        if message.id not in left_out and not message.is_silenced()
    ]
    yield from map(as_finding, messages)
    if not messages:
        yield ok("manage.py check --deploy reports nothing.")
    if not settings.IS_HTTPS:
        yield ok(f"{settings.BASE_URL} is plain http, for this machine alone.")


def as_finding(message: checks.CheckMessage) -> Finding:
    """Return a message of a system check as a finding."""
    text = f"{' '.join(str(message.msg).split())} ({message.id})"
    if message.level >= checks.ERROR:
        level = Level.ERROR
    elif message.level >= checks.WARNING:
        level = Level.WARNING
    else:
        level = Level.OK
    return Finding(level, text, " ".join((message.hint or "").split()))
