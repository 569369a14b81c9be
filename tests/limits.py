"""What a process remembers of callers and outages, for tests that begin without it."""

from accounts import social_adapter
from accounts.better_auth import sessions
from config import counters
from config.api.throttling import users, visitors
from config.outages import outages
from config.readiness import readiness


def forget():
    """Forget who has called how often, what was fetched, and what has failed."""
    counters.table.forget()
    users.forget()
    visitors.forget()
    sessions.forget_sessions()
    social_adapter.forget_discovery()
    outages.forget()
    readiness.forget()
