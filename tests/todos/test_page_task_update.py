from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in, assert_does_not_exist, kinds
from todos import actions
from todos.agenda import Agenda
from todos.models import Task


def url(task):
    return reverse("todos:task-update", args=[task.pk])


def written(client, task, **changes):
    """Return what a browser would send, with some fields changed."""
    form = client.get(url(task)).context["form"]
    values = {field.name: field.value() for field in form}
    return {
        name: value for name, value in values.items() if value is not None
    } | changes


def test_shows_the_task_in_a_form(page_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk", notes="Oat\nmilk", labels=["a"])

    page = page_as(alice).get(url(task)).content.decode()

    assert 'value="Buy milk"' in page
    assert "Oat\nmilk</textarea>" in page


def test_saves_changes(page_as, alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, labels=["phone"])
    client = page_as(alice)
    changes = {
        "title": "Buy oat milk",
        "list": str(home.pk),
        "due_date": "2027-01-05",
        "due_time": "18:00",
        "labels": "shop",
    }

    response = client.post(url(task), written(client, task, **changes))

    task = Task.objects.with_labels().get(pk=task.pk)
    assert response.status_code == 303
    assert (task.title, task.list) == ("Buy oat milk", home)
    assert (task.due_date, task.due_time) == (date(2027, 1, 5), time(18))
    assert task.label_names == ["shop"]
    assert kinds(alice) == ["created", "moved"]


def test_an_unchanged_form_changes_nothing(page_as, alice):
    task = TaskFactory(
        owner=alice,
        notes="One\nTwo",
        due_date=date(2027, 1, 31),
        due_time=time(9, 0),
        due_tz="Asia/Tokyo",
        rrule="FREQ=MONTHLY",
        labels=["one, two", "phone"],
    )
    client = page_as(alice)

    response = client.post(url(task), written(client, task))

    assert response.status_code == 303
    assert Task.objects.get(pk=task.pk).version == task.version
    assert kinds(alice) == []


def test_clearing_the_time_clears_the_time_zone(page_as, alice):
    task = TaskFactory(
        owner=alice, due_date=date(2027, 1, 5), due_time=time(9), due_tz="Asia/Tokyo"
    )
    client = page_as(alice)

    client.post(url(task), written(client, task, due_time=""))

    task.refresh_from_db()
    assert (task.due_time, task.due_tz) == (None, "")


def test_requires_a_sign_in(client, alice):
    task = TaskFactory(owner=alice, title="Buy milk")

    assert asks_to_sign_in(client.get(url(task)))
    assert asks_to_sign_in(client.post(url(task), {"title": "Mine now"}))
    assert Task.objects.get().title == "Buy milk"


def test_hides_a_task_of_another_user(page_as, alice, bob):
    task = TaskFactory(owner=alice, title="Buy milk")
    client = page_as(bob)

    assert_does_not_exist(client, "todos:task-update", task.pk)
    assert_does_not_exist(
        client, "todos:task-update", task.pk, method="post", title="Mine now"
    )
    assert Task.objects.get().title == "Buy milk"
    assert kinds(bob) == []


def test_has_no_page_for_a_task_in_the_trash(page_as, alice):
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    assert page_as(alice).get(url(task)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "a\x00b"),
        ("list", "abc"),
        ("version", "abc"),
        ("version", "9" * 5000),
        ("due_time", "10:00"),
    ],
)
def test_refuses_bad_input(page_as, alice, field, value):
    task = TaskFactory(owner=alice, title="Buy milk")
    client = page_as(alice)

    response = client.post(url(task), written(client, task, **{field: value}))

    assert response.status_code == 200
    assert response.context["form"].errors
    assert Task.objects.get().version == 1


def test_a_recurrence_without_a_date_starts_with_its_first_date(page_as, alice):
    task = TaskFactory(owner=alice)
    client = page_as(alice)

    client.post(url(task), written(client, task, repeat="FREQ=DAILY"))

    today = Agenda(alice, now=timezone.now()).clock.today
    # Around midnight, the request may have been on the previous day.
    assert Task.objects.get().due_date in {today, today - timedelta(days=1)}


@pytest.mark.parametrize(
    ("due", "rule", "offered"),
    [
        (date(2027, 1, 5), "FREQ=MONTHLY", "Every month"),
        (date(2027, 1, 29), "FREQ=MONTHLY", "Every month on the 29th or the last day"),
        (date(2027, 1, 31), "FREQ=MONTHLY", "Every month on the last day"),
        (date(2028, 2, 29), "FREQ=YEARLY", "Every year on the 29th or the last day"),
    ],
)
def test_offers_the_rule_of_the_task_once(page_as, alice, due, rule, offered):
    task = TaskFactory(owner=alice, due_date=due, rrule=rule)

    form = page_as(alice).get(url(task)).context["form"]

    words = [words for _, words in form.fields["repeat"].choices]
    unit = offered.split()[1]
    assert len(words) == 5
    assert [one for one in words if unit in one][0].startswith(offered)


def test_offers_a_custom_rule_and_the_common_ones(page_as, alice):
    rule = "FREQ=WEEKLY;BYDAY=MO,WE,FR"
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 4), rrule=rule)

    form = page_as(alice).get(url(task)).context["form"]

    words = [words for _, words in form.fields["repeat"].choices]
    assert words[-2:] == ["Every year", "Every week on Mon, Wed and Fri"]


def test_refuses_a_list_of_another_user(page_as, alice, bob):
    task = TaskFactory(owner=alice)
    theirs = TaskListFactory(owner=bob)
    client = page_as(alice)

    response = client.post(url(task), written(client, task, list=str(theirs.pk)))

    assert response.context["form"].errors == {"list": ["There is no such list."]}
    assert Task.objects.get().list.owner == alice


def test_does_not_overwrite_a_change_made_elsewhere(page_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk")
    client = page_as(alice)
    seen = written(client, task, title="Buy oat milk")
    actions.update_task(
        caller_of(alice), task_id=task.pk, changes={"title": "Buy bread"}
    )

    refused = client.post(url(task), seen)
    again = refused.context["form"]

    assert "changed elsewhere" in refused.content.decode()
    assert again["title"].value() == "Buy oat milk"
    assert Task.objects.get().title == "Buy bread"

    client.post(url(task), seen | {"version": again["version"].value()})

    assert Task.objects.get().title == "Buy oat milk"


def test_a_step_remains_in_the_list_of_its_task(page_as, alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    client = page_as(alice)

    response = client.post(url(step), written(client, step, list=str(home.pk)))

    assert response.status_code == 303
    assert Task.objects.get(pk=step.pk).list == task.list
    assert Task.objects.get(pk=step.pk).parent == task


def test_keeps_a_task_in_an_archived_list(page_as, alice):
    now = timezone.now()
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.update_list(
        caller_of(alice, now), list_id=home.pk, changes={"archived_at": now}
    )
    client = page_as(alice)

    client.post(url(task), written(client, task, title="Still there"))

    task.refresh_from_db()
    assert (task.title, task.list) == ("Still there", home)


def test_refuses_other_methods(page_as, alice):
    assert page_as(alice).delete(url(TaskFactory(owner=alice))).status_code == 405
