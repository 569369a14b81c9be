"""The counts in memory that limit callers, for tests that begin without any."""

from accounts import social_adapter
from accounts.better_auth import sessions
from config import counters
from config.api.throttling import users, visitors


def forget():
    """Forget who has called how often, and what was fetched."""
    counters.table.forget()
    users.forget()
    visitors.forget()
    sessions.forget_sessions()
    social_adapter.forget_discovery()
