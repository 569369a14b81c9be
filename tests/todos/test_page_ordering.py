"""The order by hand: tasks, steps and lists."""

import pytest
from django.urls import reverse

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, assert_does_not_exist, kinds
from todos import actions
from todos.models import Task, TaskList


@pytest.fixture
def five(alice):
    """Five tasks in the inbox, of which the third is completed."""
    tasks = [TaskFactory(owner=alice, title=title) for title in "ABCDE"]
    actions.complete_task(caller_of(alice), task_id=tasks[2].pk)
    return {task.title: task for task in tasks}


def titles(**conditions):
    rows = Task.objects.open().filter(**conditions).order_by("position", "id")
    return "".join(rows.values_list("title", flat=True))


def move(client, task, **place):
    return client.post(reverse("todos:task-move", args=[task.pk]), place)


@pytest.mark.parametrize(
    ("title", "to", "order"),
    [
        ("B", "up", "BADE"),
        ("D", "up", "ADBE"),
        ("B", "down", "ADBE"),
        ("E", "top", "EABD"),
        ("A", "bottom", "BDEA"),
        ("A", "up", "ABDE"),
        ("E", "bottom", "ABDE"),
    ],
)
def test_moves_a_task_among_the_open_ones(page_as, alice, five, title, to, order):
    response = move(page_as(alice), five[title], to=to, next="/inbox/")

    assert (response.status_code, response.url) == (303, "/inbox/")
    assert titles() == order
    assert kinds(alice) == ([] if order == "ABDE" else ["moved"])


@pytest.mark.parametrize(("side", "order"), [("before", "AEBD"), ("after", "ABED")])
def test_moves_a_task_beside_another(page_as, alice, five, side, order):
    move(page_as(alice), five["E"], **{side: five["B"].pk})

    assert titles() == order


def test_moves_steps_within_their_task(page_as, alice):
    parent = TaskFactory(owner=alice)
    steps = [TaskFactory(owner=alice, title=one, parent_id=parent.pk) for one in "ABC"]
    TaskFactory(owner=alice, title="X")

    move(page_as(alice), steps[0], to="bottom")

    assert titles(parent=parent.pk) == "BCA"


def test_moves_a_task_to_a_list(page_as, alice, five):
    home = TaskListFactory(owner=alice, name="Home")

    move(page_as(alice), five["A"], list=home.pk)

    assert titles(list=home.pk) == "A"


def test_undo_restores_the_order(page_as, alice, five):
    client = page_as(alice)
    page = move(client, five["E"], to="top", next="/inbox/")
    page = client.get(page.url).content.decode()

    assert "Moved to the top: E" in page
    client.post(reverse("todos:undo", args=[last_change(alice).batch]))
    assert titles() == "ABDE"


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"to": "sideways"},
        {"to": "up", "after": str(ABSENT)},
        {"before": "x"},
        {"after": str(ABSENT)},
        {"list": str(ABSENT)},
    ],
    ids=str,
)
def test_a_wrong_place_is_explained_and_changes_nothing(page_as, alice, five, place):
    client = page_as(alice)

    response = client.get(move(client, five["D"], **place).url)

    assert 'class="toast error"' in response.content.decode()
    assert kinds(alice) == []


@pytest.mark.parametrize("field", ["before", "after", "list"])
def test_places_of_other_users_do_not_exist(page_as, alice, bob, five, field):
    theirs = TaskListFactory(owner=bob) if field == "list" else TaskFactory(owner=bob)
    client = page_as(alice)

    foreign = client.get(move(client, five["D"], **{field: theirs.pk}).url)

    assert "There is no such" in foreign.content.decode()
    assert kinds(alice) == []


def test_hides_a_task_of_another_user(page_as, alice, bob, five):
    assert_does_not_exist(
        page_as(bob), "todos:task-move", five["D"].pk, method="post", to="up"
    )
    assert titles() == "ABDE"


def test_requires_a_sign_in_and_then_shows_the_menu(client, page_as, alice, five):
    assert asks_to_sign_in(move(client, five["D"], to="up"))

    url = reverse("todos:task-move", args=[five["D"].pk])
    again = page_as(alice).get(url + "?next=/inbox/")

    assert 'value="up"' in again.content.decode()


def test_takes_few_queries_however_many_tasks_there_are(
    page_as, alice, five, django_assert_max_num_queries
):
    TaskFactory.create_batch(40, owner=alice)
    client = page_as(alice)

    with django_assert_max_num_queries(20):
        move(client, five["A"], to="bottom")


# --- Lists ------------------------------------------------------------------------


@pytest.fixture
def lists(alice):
    found = {name: TaskListFactory(owner=alice, name=name) for name in "ABC"}
    actions.update_list(
        caller_of(alice),
        list_id=found["B"].pk,
        changes={"archived_at": caller_of(alice).at},
    )
    return found


def move_list(client, row, **place):
    return client.post(reverse("todos:list-move", args=[row.pk]), place)


@pytest.mark.parametrize(
    ("name", "place", "order"),
    [("C", "up", "CA"), ("A", "down", "CA"), ("A", "up", "AC"), ("C", "top", "CA")],
)
def test_moves_a_list_among_the_active_ones(page_as, alice, lists, name, place, order):
    response = move_list(page_as(alice), lists[name], to=place)

    assert response.url == reverse("todos:list-detail", args=[lists[name].pk])
    rows = TaskList.objects.active().filter(is_inbox=False).order_by("position")
    assert "".join(rows.values_list("name", flat=True)) == order


def test_the_inbox_stays_first(page_as, alice, lists):
    inbox = TaskList.objects.get(owner=alice, is_inbox=True)
    client = page_as(alice)

    for row, place in [(inbox, {"to": "down"}), (lists["C"], {"before": inbox.pk})]:
        response = client.get(move_list(client, row, **place).url, follow=True)
        assert "inbox can" in response.content.decode()
    assert kinds(alice) == []


def test_a_list_in_the_trash_is_not_moved(page_as, alice, lists):
    actions.trash_list(caller_of(alice), list_id=lists["A"].pk)
    client = page_as(alice)

    response = client.get(move_list(client, lists["A"], after=lists["C"].pk).url)

    assert "is in the trash" in response.content.decode()


def test_hides_a_list_of_another_user(page_as, alice, bob, lists):
    assert_does_not_exist(
        page_as(bob), "todos:list-move", lists["A"].pk, method="post", to="down"
    )
