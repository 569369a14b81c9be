"""Selecting tasks on a page, and one action on all of them."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import BrowserSession
from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, kinds
from todos import actions
from todos.limits import LABELS_MAX
from todos.models import Change, Task
from todos.pages import bulk

URL = "/bulk/"


@pytest.fixture
def three(alice):
    return TaskFactory.create_batch(3, owner=alice)


def send(client, tasks, action, **typed):
    ids = [str(task.pk) for task in tasks]
    return client.post(URL, {"task": ids, "action": action, "next": "/inbox/", **typed})


def toast_of(client, response):
    assert (response.status_code, response.url) == (303, "/inbox/")
    page = client.get(response.url).content.decode()
    return re.search(r'<p dir="auto">(.*?)</p>', page)[1]


# --- The page with boxes ----------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/inbox/", "/upcoming/", "/completed/"])
def test_shows_boxes_and_the_bar_on_request(page_as, alice, path):
    today = timezone.now().date()
    done = TaskFactory(owner=alice, due_date=today)
    actions.complete_task(caller_of(alice), task_id=done.pk)
    TaskFactory(owner=alice, due_date=today)
    TaskFactory(owner=alice, due_date=today + timedelta(1))
    client = page_as(alice)

    assert f'href="{path}?select=1"' in client.get(path).content.decode()
    some = client.get(f"{path}?select=1").content.decode()
    every = client.get(f"{path}?select=all").content.decode()

    assert some.count('type="checkbox"') == every.count(" checked") > 0
    assert " checked" not in some
    assert f'href="{path}?select=all"' in some
    assert f'name="next" value="{path}"' in some
    verb = "reopen" if path == "/completed/" else "complete"
    assert f'value="{verb}"' in some


def test_the_trash_has_no_boxes(page_as, alice):
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    assert "checkbox" not in page_as(alice).get("/trash/?select=1").content.decode()


def test_selecting_takes_few_queries(
    page_as, alice, three, django_assert_max_num_queries
):
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        client.get("/inbox/?select=1")


# --- The actions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "typed", "text", "column", "value"),
    [
        ("complete", {}, "Completed 3 tasks", "is_completed", True),
        ("trash", {}, "Moved 3 tasks to the trash", "trashed", True),
        ("priority 1", {}, "Set the priority of 3 tasks to Urgent", "priority", 1),
        ("label", {"label": "garden"}, "Added the label garden to 3 tasks", None, None),
        ("", {"label": "garden"}, "Added the label garden to 3 tasks", None, None),
    ],
)
def test_acts_on_all_in_one_batch_with_one_undo(
    page_as, alice, three, action, typed, text, column, value
):
    client = page_as(alice)
    before = Change.objects.count()

    response = send(client, three, action, **typed)

    assert toast_of(client, response) == text
    for task in Task.objects.with_labels():
        if column == "trashed":
            assert task.trashed_at
        elif column:
            assert getattr(task, column) == value
        else:
            assert task.label_names == ["garden"]
    batches = Change.objects.order_by("seq")[before:].values_list("batch", flat=True)
    assert len(set(batches)) == 1
    client.post(reverse("todos:undo", args=[last_change(alice).batch]))
    for task, old in zip(Task.objects.with_labels().order_by("pk"), three, strict=True):
        assert (task.completed_at, task.trashed_at) == (None, None)
        assert (task.priority, task.label_names) == (old.priority, [])


def test_moves_to_a_day_and_removes_the_date(page_as, alice, three):
    tomorrow = timezone.now().date() + timedelta(1)
    client = page_as(alice)

    moved = send(client, three, f"due {tomorrow}")
    assert toast_of(client, moved) == "Moved 3 tasks to tomorrow"
    assert {task.due_date for task in Task.objects.all()} == {tomorrow}
    typed = send(client, three, "due", due_date="2028-02-29")
    assert toast_of(client, typed) == "Moved 3 tasks to Tue 29 Feb 2028"
    removed = send(client, three, "undated")
    assert toast_of(client, removed) == "Removed the date of 3 tasks"
    assert {task.due_date for task in Task.objects.all()} == {None}


def test_moves_to_a_list(page_as, alice, three):
    home = TaskListFactory(owner=alice, name="Home")
    client = page_as(alice)

    response = send(client, three, f"move {home.pk}")

    assert toast_of(client, response) == "Moved 3 tasks to Home"
    assert home.tasks.count() == 3


def test_names_a_single_task(page_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk", labels=["shop"])
    client = page_as(alice)

    assert toast_of(client, send(client, [task], "unlabel shop")) == (
        "Label shop removed: Buy milk"
    )
    assert toast_of(client, send(client, [task, task], "complete")) == (
        "Completed: Buy milk"
    )


def test_a_second_time_has_no_effect(page_as, alice, three):
    client = page_as(alice)

    for _ in range(2):
        response = send(client, three, "complete")

    assert toast_of(client, response) == "Completed 3 tasks"
    assert kinds(alice) == ["completed"] * 3


# --- What can go wrong ------------------------------------------------------------


def test_without_a_selection_it_says_what_to_do(page_as, alice, three):
    client = page_as(alice)

    response = send(client, [], "complete")

    assert response.url == "/inbox/?select=1"
    page = client.get(response.url).content.decode()
    assert "Select at least one task first." in page


def test_names_the_task_that_prevents_it_and_keeps_the_selection(page_as, alice, three):
    today = timezone.now().date()
    daily = TaskFactory(
        owner=alice, title="Water it", due_date=today, rrule="FREQ=DAILY"
    )
    client = page_as(alice)

    page = send(client, [*three, daily], "undated").content.decode()

    assert "“Water it”: A repeating task needs a due date." in page
    assert page.count(" checked") == 4
    assert 'name="next" value="/inbox/"' in page
    assert kinds(alice) == []


def test_names_a_task_that_has_too_many_labels(page_as, alice, three):
    labels = [f"label {number}" for number in range(LABELS_MAX)]
    full = TaskFactory(owner=alice, title="Full", labels=labels)
    client = page_as(alice)

    page = send(client, [*three, full], "label", label="one more").content.decode()

    assert f"“Full”: Use at most {LABELS_MAX} labels." in page
    assert 'value="one more"' in page
    assert kinds(alice) == []


def test_says_which_tasks_are_gone_and_keeps_the_others(page_as, alice, three):
    actions.trash_task(caller_of(alice), task_id=three[0].pk)
    client = page_as(alice)

    page = send(client, three, "complete").content.decode()
    assert f"“{three[0].title}”: The task is in the trash" in page
    assert page.count(" checked") == 2
    actions.remove_task(caller_of(alice), task_id=three[0].pk)
    page = send(client, three, "complete").content.decode()

    assert "1 selected task no longer exists." in page
    assert kinds(alice) == []


def test_tasks_and_lists_of_other_users_do_not_exist(page_as, alice, bob, three):
    theirs, their_list = TaskFactory(owner=bob), TaskListFactory(owner=bob)
    client = page_as(alice)

    def essence(response):
        assert response.status_code == 200
        return re.sub(r'value="[^"]{50,}"', "", response.content.decode())

    foreign = client.post(URL, {"task": theirs.pk, "action": "complete"})
    absent = client.post(URL, {"task": ABSENT, "action": "complete"})
    assert essence(foreign) == essence(absent)
    assert "1 selected task no longer exists." in foreign.content.decode()
    moved = send(client, three, f"move {their_list.pk}")
    assert "There is no such list." in moved.content.decode()
    assert kinds(alice) == kinds(bob) == []


@pytest.mark.parametrize(
    ("action", "typed", "reason"),
    [
        ("", {}, "Choose what to do with the tasks."),
        ("explode", {}, "Choose what to do with the tasks."),
        ("due", {"due_date": ""}, "Choose a date."),
        ("due never", {}, "Enter a valid date."),
        ("priority 9", {}, "Choose one of the priorities."),
        ("label", {"label": "  "}, "Enter a label."),
        ("label", {"label": "x" * 51}, "at most 50 characters"),
        ("move x", {}, "There is no such list."),
    ],
)
def test_explains_wrong_input(page_as, alice, three, action, typed, reason):
    page = send(page_as(alice), three, action, **typed).content.decode()

    assert reason in page
    assert page.count(" checked") == 3
    assert kinds(alice) == []


def test_accepts_500_tasks_and_no_more(page_as, alice, monkeypatch):
    client = page_as(alice)
    ids = [str(ABSENT)] * (bulk.actions.TASKS_MAX + 1)

    page = client.post(URL, {"task": ids, "action": "complete"}).content.decode()
    broken = client.post(URL, {"task": ["x"], "action": "complete"}).content.decode()

    assert "Select at most 500 tasks at once." in page
    assert "There is no such task." in broken


def test_keeps_the_selection_while_signing_in_again(page_as, alice, three):
    client = page_as(alice)
    page = client.get("/inbox/?select=1").content.decode()
    mark = re.search(r'name="page_of" value="([^"]*)"', page)[1]
    BrowserSession.objects.all().delete()

    response = send(client, three, "complete", page_of=mark)

    assert asks_to_sign_in(response)
    assert "draft" in response.url
    assert kinds(alice) == []


def test_a_get_without_a_selection_links_back(page_as, alice):
    page = page_as(alice).get(URL + "?next=/inbox/").content.decode()

    assert "No tasks are selected." in page
    assert '<a class="button" href="/inbox/">Back</a>' in page


def test_the_number_of_queries_does_not_depend_on_the_number_of_tasks(
    page_as, alice, django_assert_max_num_queries
):
    tasks = TaskFactory.create_batch(40, owner=alice)
    client = page_as(alice)

    with django_assert_max_num_queries(20):
        send(client, tasks, "complete")
