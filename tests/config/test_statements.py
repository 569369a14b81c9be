"""Reads kept as statements: they find what their queries find, for each caller anew."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.models import Q

from accounts.models import LinkedIdentity, User
from config.compiled_queries import Statement, instance
from tests.factories import NOON, TaskFactory, TaskListFactory, UserFactory
from tests.threads import in_a_thread
from todos.models import Task


def tasks_of(owner):
    return Task.objects.owned_by(owner).represented().order_by("id")


@pytest.fixture
def open_tasks():
    columns = ("id", "title", "due_date", "due_time", "created_at", "label_names")
    return columns, Statement(columns, lambda owner: tasks_of(User(pk=owner)))


def test_finds_the_rows_of_its_query_as_values_of_python(alice, open_tasks):
    columns, statement = open_tasks
    TaskFactory(owner=alice, due_date="2027-02-28", due_time="09:30", labels=["a", "b"])
    TaskFactory(owner=alice)

    assert statement.rows(owner=alice.pk) == list(tasks_of(alice).values(*columns))


def test_finds_for_each_caller_their_own(alice, bob, open_tasks):
    _, statement = open_tasks
    mine, others = TaskFactory(owner=alice), TaskFactory(owner=bob)

    assert statement.first(owner=alice.pk)["id"] == mine.pk
    assert statement.first(owner=bob.pk)["id"] == others.pk
    assert [row["id"] for row in statement.rows(owner=alice.pk)] == [mine.pk]


def test_finds_nothing_where_there_is_nothing(alice, open_tasks):
    _, statement = open_tasks

    assert statement.rows(owner=alice.pk) == []
    assert statement.first(owner=alice.pk) is None


def test_takes_an_id_at_several_places_beside_others_and_other_values(alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=own.pk, title="Buy milk")
    TaskFactory(owner=alice, title="Buy milk")
    statement = Statement(
        ["id"],
        lambda place, owner: (
            Task.objects.owned_by(User(pk=owner))
            .filter(Q(list=place) | Q(parent=place), title="Buy milk", owner=owner)
            .order_by("id")
        ),
    )

    assert statement.rows(owner=alice.pk, place=own.pk) == [{"id": task.pk}]


def test_takes_ids_that_are_text(alice):
    for subject in ("one", "two"):
        LinkedIdentity.objects.create(
            user=alice,
            issuer="https://issuer.example",
            subject=subject,
            created_at=NOON,
            last_used_at=NOON,
        )
    statement = Statement(
        ["subject"],
        lambda user, subject: LinkedIdentity.objects.filter(user=user, subject=subject),
    )

    assert statement.rows(user=alice.pk, subject="two") == [{"subject": "two"}]


def test_refuses_a_query_that_does_not_heed_an_id(db):
    statement = Statement(["id"], lambda owner, task: Task.objects.filter(pk=task))

    with pytest.raises(ValueError, match="does not heed owner"):
        statement.rows(owner=UserFactory().pk, task=UserFactory().pk)


def test_refuses_to_run_without_an_id(alice, open_tasks):
    _, statement = open_tasks

    with pytest.raises(KeyError, match="owner"):
        statement.rows()


def test_an_instance_reads_what_the_row_lacks_when_it_is_asked(
    alice, django_assert_num_queries
):
    statement = Statement(["email", "id"], lambda user: User.objects.filter(pk=user))

    with django_assert_num_queries(1):
        user = instance(User, statement.first(user=alice.pk))
        assert (user.pk, user.email) == (alice.pk, alice.email)
    with django_assert_num_queries(1):
        assert user.display_name == alice.display_name


@pytest.mark.django_db(transaction=True)
def test_serves_many_threads(open_tasks):
    _, statement = open_tasks
    people = UserFactory.create_batch(4)
    tasks = [TaskFactory(owner=one) for one in people]

    with ThreadPoolExecutor(4) as pool:
        found = [in_a_thread(pool, statement.rows, owner=one.pk) for one in people * 3]

    assert [rows.result()[0]["id"] for rows in found] == [one.pk for one in tasks] * 3
