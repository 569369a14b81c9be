"""Statements that wait until the next one is sent."""

import pytest
from django.db import IntegrityError, connection, transaction

from config.row_security import rows_of
from config.writes import fetch_later, insert
from todos.models import Label


@pytest.fixture
def label(alice):
    """A label of Alice that is not stored."""
    return Label(owner=alice, name="home", key="home")


@pytest.fixture(autouse=True)
def _as_alice(alice):
    with rows_of(alice.pk):
        yield


@pytest.fixture(autouse=True, params=["watched", "unwatched"])
def _watched(request):
    """Run the statements on cursors of Django as well, as those that are logged."""
    if request.param == "unwatched":
        yield
        return
    with connection.execute_wrapper(lambda execute, *arguments: execute(*arguments)):
        yield


pytestmark = pytest.mark.django_db(transaction=True)


def test_the_next_statement_sees_what_was_postponed(label):
    with transaction.atomic():
        insert(label)
        assert Label.objects.get() == label
    assert Label.objects.get() == label


def test_the_commit_sends_what_was_postponed(label):
    with transaction.atomic():
        insert(label)
    assert Label.objects.get() == label


def test_rows_are_those_of_the_statement(alice):
    with transaction.atomic():
        rows = fetch_later("SELECT 1", [])
        assert Label.objects.count() == 0
        assert rows() == [(1,)]


def test_without_a_transaction_it_runs_at_once(label):
    insert(label)
    assert Label.objects.get() == label


def test_a_rollback_drops_what_was_postponed(label):
    with transaction.atomic():
        insert(label)
        transaction.set_rollback(True)
    assert not Label.objects.exists()


def test_a_rollback_to_a_savepoint_drops_what_was_postponed_since(label, alice):
    with transaction.atomic():
        insert(label)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            insert(Label(owner=alice, name="work", key="work"))
            raise ZeroDivisionError
    assert Label.objects.get() == label


def test_the_commit_raises_errors_and_stores_nothing(label, alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(label)
        insert(Label(owner=alice, name="home", key="home"))
    assert not Label.objects.exists()
    assert connection.get_autocommit()


def test_the_next_statement_raises_errors(label, alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(label)
        insert(Label(owner=alice, name="home", key="home"))
        Label.objects.count()
    assert not Label.objects.exists()


def test_a_transaction_of_another_user_does_not_store_a_row(label, bob):
    """The user is that of the time when the statement was postponed."""
    with transaction.atomic():
        insert(label)
        with rows_of(bob.pk):
            insert(Label(owner=bob, name="his", key="his"))
            assert [one.name for one in Label.objects.filter(owner=bob)] == ["his"]
    assert [one.name for one in Label.objects.filter(owner=label.owner)] == ["home"]
