"""Compiled queries find the same rows as their QuerySets, for each user."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.models import Q

from accounts.models import LinkedIdentity, User
from config.compiled_queries import CompiledQuery, instance
from tests.factories import NOON, TaskFactory, TaskListFactory, UserFactory
from tests.threads import in_a_thread
from todos.models import Task


def tasks_of(owner):
    return Task.objects.owned_by(owner).represented().order_by("id")


@pytest.fixture
def open_tasks():
    columns = ("id", "title", "due_date", "due_time", "created_at", "label_names")
    return columns, CompiledQuery(columns, lambda owner: tasks_of(User(pk=owner)))


def test_returns_the_same_values_as_its_queryset(alice, open_tasks):
    columns, query = open_tasks
    TaskFactory(owner=alice, due_date="2027-02-28", due_time="09:30", labels=["a", "b"])
    TaskFactory(owner=alice)

    assert query.rows(owner=alice.pk) == list(tasks_of(alice).values(*columns))


def test_returns_only_the_rows_of_the_given_owner(alice, bob, open_tasks):
    _, query = open_tasks
    mine, others = TaskFactory(owner=alice), TaskFactory(owner=bob)

    assert query.first(owner=alice.pk)["id"] == mine.pk
    assert query.first(owner=bob.pk)["id"] == others.pk
    assert [row["id"] for row in query.rows(owner=alice.pk)] == [mine.pk]


def test_returns_nothing_when_no_row_matches(alice, open_tasks):
    _, query = open_tasks

    assert query.rows(owner=alice.pk) == []
    assert query.first(owner=alice.pk) is None


def test_uses_one_id_in_several_places_of_the_query(alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=own.pk, title="Buy milk")
    TaskFactory(owner=alice, title="Buy milk")
    query = CompiledQuery(
        ["id"],
        lambda place, owner: (
            Task.objects.owned_by(User(pk=owner))
            .filter(Q(list=place) | Q(parent=place), title="Buy milk", owner=owner)
            .order_by("id")
        ),
    )

    assert query.rows(owner=alice.pk, place=own.pk) == [{"id": task.pk}]


def test_accepts_ids_that_are_text(alice):
    for subject in ("one", "two"):
        LinkedIdentity.objects.create(
            user=alice,
            issuer="https://issuer.example",
            subject=subject,
            created_at=NOON,
            last_used_at=NOON,
        )
    query = CompiledQuery(
        ["subject"],
        lambda user, subject: LinkedIdentity.objects.filter(user=user, subject=subject),
    )

    assert query.rows(user=alice.pk, subject="two") == [{"subject": "two"}]


def test_rejects_a_query_that_ignores_an_id(db):
    query = CompiledQuery(["id"], lambda owner, task: Task.objects.filter(pk=task))

    with pytest.raises(ValueError, match="does not use owner"):
        query.rows(owner=UserFactory().pk, task=UserFactory().pk)


def test_requires_every_id(alice, open_tasks):
    _, query = open_tasks

    with pytest.raises(KeyError, match="owner"):
        query.rows()


def test_an_instance_loads_missing_columns_on_access(alice, django_assert_num_queries):
    query = CompiledQuery(["email", "id"], lambda user: User.objects.filter(pk=user))

    with django_assert_num_queries(1):
        user = instance(User, query.first(user=alice.pk))
        assert (user.pk, user.email) == (alice.pk, alice.email)
    with django_assert_num_queries(1):
        assert user.display_name == alice.display_name


@pytest.mark.django_db(transaction=True)
def test_works_in_many_threads(open_tasks):
    _, query = open_tasks
    users = UserFactory.create_batch(4)
    tasks = [TaskFactory(owner=one) for one in users]

    with ThreadPoolExecutor(4) as pool:
        found = [in_a_thread(pool, query.rows, owner=one.pk) for one in users * 3]

    assert [rows.result()[0]["id"] for rows in found] == [one.pk for one in tasks] * 3
