import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import support
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions


@pytest.fixture
def desk(page_as, sam):
    """Sam's browser, with the rights of support."""
    return page_as(support.join(sam))


def test_counts_what_the_account_has_in_one_query(desk, alice, bob):
    at = timezone.now()
    TaskListFactory(owner=alice)
    TaskFactory(owner=alice, labels=["red", "green"])
    TaskFactory(owner=alice)
    TaskFactory(owner=bob)
    done, gone = TaskFactory(owner=alice), TaskFactory(owner=alice)
    actions.complete_task(caller_of(alice, at), task_id=done.pk)
    actions.trash_task(caller_of(alice, at), task_id=gone.pk)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = desk.get(reverse("admin:accounts_user_change", args=[alice.pk]))

    account = response.context["original"]
    assert account.open_count == 2
    assert account.completed_count == 1
    assert account.trashed_count == 1
    assert account.list_count == 2
    assert account.label_count == 2
    asked = [query["sql"] for query in queries if "todos_" in query["sql"]]
    assert len(asked) == 1


def test_counts_nothing_for_a_new_account(desk, alice):
    response = desk.get(reverse("admin:accounts_user_change", args=[alice.pk]))

    account = response.context["original"]
    assert account.open_count == account.label_count == 0
    assert account.list_count == 1
