"""Helpers for tests of changes: the caller, and the entries in the ledger."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.credentials import COMMAND
from accounts.models import User
from todos.caller import Caller
from todos.ledger import Snapshot, snapshot
from todos.models import Change, Label, Task, TaskList

AT = datetime(2027, 1, 15, 12, tzinfo=UTC)  # later than what factories make


def caller_of(user: User, at: datetime | None = None) -> Caller:
    """Return a caller that writes as `user`, by default now."""
    return Caller(user, COMMAND, at or timezone.now())


def last_change(user: User) -> Change | None:
    """Return the newest change in the user's ledger, or None."""
    return Change.objects.owned_by(user).order_by("seq").last()


def snapshots_of(user: User) -> dict[UUID, Snapshot]:
    """Return everything of a user as the ledger records it, by id."""
    rows = [
        *Task.objects.owned_by(user).with_labels(),
        *TaskList.objects.owned_by(user),
        *Label.objects.owned_by(user),
    ]
    return {row.pk: snapshot(row) for row in rows}


def statements_of(act: Callable[..., Any], caller: Caller, **arguments: Any) -> int:
    """Return how many statements an action takes."""
    with CaptureQueriesContext(connection) as captured:
        act(caller, **arguments)
    return len(captured)
