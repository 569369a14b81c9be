"""The history of a task in words, and bringing earlier values back."""

from datetime import date, time

import pytest
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import kinds
from todos import actions
from todos.models import Change, Task

BEFORE = {
    "title": "Buy milk",
    "notes": "Oat",
    "due_date": date(2027, 1, 5),
    "due_time": time(9),
    "rrule": "FREQ=DAILY",
    "reminder_minutes": 30,
    "priority": 1,
    "labels": ["shop"],
}
AFTER = {
    "title": "Buy bread",
    "notes": "",
    "due_date": date(2027, 2, 1),
    "due_time": None,
    "rrule": "",
    "reminder_minutes": None,
    "priority": 4,
    "labels": [],
}
COLUMNS = [name for name in BEFORE if name != "labels"]


@pytest.fixture
def task(alice):
    """A task of Alice of which everything was changed."""
    task = TaskFactory(owner=alice, **BEFORE)
    actions.update_task(caller_of(alice), task_id=task.pk, changes=AFTER)
    return task


def history(task):
    return reverse("todos:task-history", args=[task.pk])


def last_edit(task):
    return Change.objects.filter(entity_id=task.pk, kind="updated").latest("seq")


def bring_back(client, task, change):
    url = reverse("todos:task-bring-back", args=[task.pk, change.pk])
    return client.post(url, {"next": history(task)}, follow=True)


def test_shows_the_changes_in_words(
    page_as, alice, task, django_assert_max_num_queries
):
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        page = client.get(history(task))

    edited, created = page.context["entries"]
    assert (edited.what, created.what) == ("Edited", "Added")
    shown = {one.name: (one.before, one.after) for one in edited.differences}
    assert shown == {
        "Title": ("Buy milk", "Buy bread"),
        "Notes": ("Oat", ""),
        "Due": ("Tue 5 Jan 2027, 09:00", "Mon 1 Feb 2027"),
        "Repeat": ("Every day", ""),
        "Reminder": ("30 minutes before", ""),
        "Priority": ("Urgent", "Low"),
        "Labels": ("shop", ""),
    }
    assert edited.by == "by the server"
    assert edited.can_come_back and not created.can_come_back


def test_names_lists_and_who_made_the_change(page_as, api_as, alice):
    home, task = TaskListFactory(owner=alice, name="Home"), TaskFactory(owner=alice)
    url = reverse("api:task-detail", args=[task.pk])
    api_as(alice).patch(url, {"list": str(home.pk)}, format="json")

    moved = page_as(alice).get(history(task)).context["entries"][0]

    [difference] = moved.differences
    assert (difference.before, difference.after) == ("Inbox", "Home")
    assert moved.by == "by an app"


def test_brings_everything_of_a_change_back(page_as, alice, task):
    page = bring_back(page_as(alice), task, last_edit(task))

    now = Task.objects.with_labels().get(pk=task.pk)
    assert {name: getattr(now, name) for name in COLUMNS} == {
        name: BEFORE[name] for name in COLUMNS
    }
    assert now.label_names == ["shop"]
    assert kinds(alice) == ["updated"]
    text = page.content.decode()
    assert "Brought back: Buy milk" in text
    assert 'action="/undo/' in text
    assert [entry.can_come_back for entry in page.context["entries"]] == [
        True,
        False,
        False,
    ]


def test_brings_back_only_what_the_change_changed(page_as, alice, task):
    change = last_edit(task)
    actions.update_task(
        caller_of(alice), task_id=task.pk, changes={"start_date": date(2027, 1, 1)}
    )

    bring_back(page_as(alice), task, change)

    now = Task.objects.get(pk=task.pk)
    assert (now.title, now.start_date) == ("Buy milk", date(2027, 1, 1))


@pytest.mark.parametrize("state", ["trashed", "list gone"])
def test_says_why_something_can_not_be_brought_back(page_as, alice, task, state):
    if state == "trashed":
        change = last_edit(task)
        actions.trash_task(caller_of(alice), task_id=task.pk)
    else:
        home, other = TaskListFactory.create_batch(2, owner=alice)
        for place in (home, other):
            actions.update_task(
                caller_of(alice), task_id=task.pk, changes={"list_id": place.pk}
            )
        change = Change.objects.filter(entity_id=task.pk).latest("seq")
        actions.trash_list(caller_of(alice), list_id=home.pk)
    before = Task.objects.get(pk=task.pk).version

    page = bring_back(page_as(alice), task, change).content.decode()

    assert "toast error" in page
    assert Task.objects.get(pk=task.pk).version == before


def test_a_get_asks_first(page_as, alice, task):
    url = reverse("todos:task-bring-back", args=[task.pk, last_edit(task).pk])

    page = page_as(alice).get(url).content.decode()

    assert "Bring back earlier values of “Buy bread”?" in page
    assert Task.objects.get(pk=task.pk).title == "Buy bread"


def test_shows_fifty_changes_and_then_more(page_as, alice, task):
    for number in range(55):
        actions.update_task(
            caller_of(alice), task_id=task.pk, changes={"title": f"Title {number}"}
        )
    client = page_as(alice)

    first = client.get(history(task)).context
    more = client.get(first["more"]).context

    assert len(first["entries"]) == 50
    assert (len(more["entries"]), more["more"]) == (57, "")
