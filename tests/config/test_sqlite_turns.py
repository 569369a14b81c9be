"""A task of many transactions pauses between them, so that others can write."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.credentials import COMMAND
from config.sqlite import turns
from tests.changes import caller_of
from tests.factories import TaskFactory
from todos import actions


@pytest.fixture
def pauses(monkeypatch):
    """Each pause: its seconds, and whether it was inside a transaction."""
    found = []
    monkeypatch.setattr(
        turns,
        "sleep",
        lambda seconds: found.append((seconds, connection.in_atomic_block)),
    )
    return found


@pytest.mark.django_db(transaction=True)
def test_an_undo_of_many_batches_lets_others_write(alice, pauses, monkeypatch):
    begun = timezone.now()
    for number in range(3):
        TaskFactory(owner=alice, title=f"Task {number}", at=begun)

    monkeypatch.setattr(turns, "WORK", 3600)
    turns.Turns().take()
    assert pauses == []

    monkeypatch.setattr(turns, "WORK", 0)
    actions.undo_since(caller_of(alice), credential=str(COMMAND), since=begun)

    is_sqlite = connection.vendor == "sqlite"
    assert pauses == [(turns.PAUSE, False)] * 3 * is_sqlite
    assert not alice.tasks.exists()
