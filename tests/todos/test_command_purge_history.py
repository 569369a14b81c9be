"""`manage.py purge_history` deletes old entries of the ledger and records it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import TaskFactory, UserFactory
from todos import idempotency
from todos.models import Change, IdempotentAnswer, Ledger, Task


def run(**options):
    out = StringIO()
    call_command("purge_history", stdout=out, **options)
    return out.getvalue()


def made(owner, *, days_ago):
    """Create a task this many days ago, which adds one entry to the ledger."""
    return TaskFactory(owner=owner, at=timezone.now() - timedelta(days=days_ago))


def seqs(owner):
    entries = Change.objects.owned_by(owner).order_by("seq")
    return list(entries.values_list("seq", flat=True))


def purged(owner):
    return Ledger.objects.get(owner=owner).purged_seq


def test_deletes_entries_older_than_a_year(alice):
    made(alice, days_ago=400)
    made(alice, days_ago=366)
    made(alice, days_ago=364)

    printed = run()

    assert printed == "Deleted: 2 entries, 0 answers\n"
    assert seqs(alice) == [3]
    assert purged(alice) == 2
    assert Task.objects.count() == 3


def test_the_number_of_days_can_be_set(alice):
    made(alice, days_ago=8)

    run(days=9)
    assert seqs(alice) == [1]

    run(days=7)
    assert seqs(alice) == []


def test_refuses_an_invalid_number_of_days(db):
    with pytest.raises(CommandError, match="0 to 36500"):
        run(days=-1)


def test_numbers_continue_after_all_entries_were_deleted(alice):
    made(alice, days_ago=400)
    run()

    made(alice, days_ago=0)

    assert seqs(alice) == [2]
    assert purged(alice) == 1


def test_an_old_entry_after_a_recent_one_is_kept(alice):
    made(alice, days_ago=400)
    made(alice, days_ago=1)
    made(alice, days_ago=400)

    run()

    assert seqs(alice) == [2, 3]
    assert purged(alice) == 1


def test_every_ledger_is_purged_independently(alice, bob):
    made(alice, days_ago=400)
    made(alice, days_ago=400)
    made(bob, days_ago=400)
    carol = UserFactory()
    made(carol, days_ago=0)

    run()

    assert [purged(who) for who in (alice, bob, carol)] == [2, 1, 0]


def test_more_than_one_batch_is_deleted(alice, bob, monkeypatch):
    monkeypatch.setattr("todos.management.commands.purge_history.BATCH", 2)
    monkeypatch.setattr("todos.management.users.PAGE", 1)
    for _ in range(5):
        made(alice, days_ago=400)
    made(bob, days_ago=400)

    assert run() == "Deleted: 6 entries, 0 answers\n"

    assert purged(alice) == 5
    assert purged(bob) == 1


def test_a_second_run_deletes_nothing(alice):
    made(alice, days_ago=400)
    run()

    assert run() == "Deleted: 0 entries, 0 answers\n"
    assert purged(alice) == 1


def test_deletes_expired_answers_too(alice):
    now = timezone.now()
    for key, age in (("old", 25), ("new", 23)):
        idempotency.store_answer(
            owner=alice,
            key=key,
            request_digest=b"digest",
            status=201,
            headers={},
            body=b"{}",
            at=now - timedelta(hours=age),
        )

    assert run() == "Deleted: 0 entries, 1 answers\n"

    assert IdempotentAnswer.objects.get().key == "new"
