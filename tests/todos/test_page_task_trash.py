from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.toasts import actions_of
from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in
from todos import actions
from todos.actions import removal
from todos.actions.removal import TRASH_DAYS
from todos.management.commands.purge_trash import Command
from todos.models import Change, Task, TaskList
from todos.pages import trash

URL = reverse("todos:task-trash")
EMPTY_URL = reverse("todos:trash-empty")


def test_shows_deleted_tasks_without_the_steps_deleted_with_them(page_as, alice):
    task = TaskFactory(owner=alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [task]


def test_shows_a_step_that_was_deleted_on_its_own(page_as, alice):
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    actions.trash_task(caller_of(alice), task_id=step.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [step]


def test_shows_the_tasks_of_a_deleted_list(page_as, alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice), list_id=home.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [task]


def test_shows_deleted_lists(page_as, alice, bob):
    home = TaskListFactory(owner=alice, name="Home")
    TaskListFactory(owner=alice, name="Flat")
    theirs = TaskListFactory(owner=bob, name="Garden")
    actions.trash_list(caller_of(alice), list_id=home.pk)
    actions.trash_list(caller_of(bob), list_id=theirs.pk)

    response = page_as(alice).get(URL)

    page = response.content.decode()
    assert [entry.list for entry in response.context["entries"]] == [home]
    assert f'action="{reverse("todos:list-restore", args=[home.pk])}?next=' in page
    assert "The trash is empty" not in page


def test_says_how_long_the_trash_is_kept(page_as, alice):
    page = page_as(alice).get(URL).content.decode()

    assert f"stay here for {TRASH_DAYS} days" in page
    purge = Command().create_parser("", "purge_trash")
    assert purge.get_default("days") == TRASH_DAYS


def test_shows_a_list_before_its_tasks_and_the_latest_first(page_as, alice):
    home = TaskListFactory(owner=alice)
    inside = TaskFactory(owner=alice, list_id=home.pk)
    earlier, later = TaskFactory.create_batch(2, owner=alice)
    for minute, delete in enumerate(
        (
            lambda at: actions.trash_task(caller_of(alice, at), task_id=earlier.pk),
            lambda at: actions.trash_list(caller_of(alice, at), list_id=home.pk),
            lambda at: actions.trash_task(caller_of(alice, at), task_id=later.pk),
        )
    ):
        delete(NOON + timedelta(minutes=minute))

    entries = page_as(alice).get(URL).context["entries"]

    shown = [entry.row.task if entry.row else entry.list for entry in entries]
    assert shown == [later, home, inside, earlier]
    assert entries[2].list == home
    assert entries[1].list.task_count == 1


@pytest.mark.parametrize(
    ("days", "text"),
    [(0, "30 days left"), (2, "28 days left"), (29, "1 day left"), (31, "soon")],
)
def test_says_how_long_each_item_stays(page_as, alice, days, text):
    task = TaskFactory(owner=alice)
    at = timezone.now() - timedelta(days=days, minutes=1)
    actions.trash_task(caller_of(alice, at), task_id=task.pk)

    assert text in page_as(alice).get(URL).content.decode()


def test_takes_few_queries(page_as, alice, django_assert_max_num_queries):
    browser = page_as(alice)
    for _ in range(5):
        home = TaskListFactory(owner=alice)
        TaskFactory.create_batch(3, owner=alice, list_id=home.pk)
        actions.trash_list(caller_of(alice), list_id=home.pk)

    with django_assert_max_num_queries(6):
        browser.get(URL)


# --- Restoring --------------------------------------------------------------------


def test_the_list_of_a_restored_task_can_be_restored_too(page_as, alice):
    browser = page_as(alice)
    home = TaskListFactory(owner=alice, name="Home")
    task, other = TaskFactory.create_batch(2, owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice), list_id=home.pk)

    path = reverse("todos:task-restore", args=[task.pk])
    page = browser.post(f"{path}?next={URL}", follow=True)
    assert "Restored to Inbox" in page.content.decode()
    [toast] = page.context["messages"]
    _, link, also = actions_of(toast)
    assert link.path == reverse("todos:list-detail", args=[alice_inbox(alice).pk])
    assert also.label == "Restore the list too"

    browser.post(also.path, {**also.fields, "next": URL})

    tasks = Task.objects.filter(list=home, trashed_at=None)
    assert set(tasks) == {task, other}
    batch = Change.objects.order_by("-seq").first().batch
    actions.undo(caller_of(alice), batch_id=batch)
    task.refresh_from_db()
    assert task.list == alice_inbox(alice)


def alice_inbox(alice):
    return alice.task_lists.get(is_inbox=True)


def test_a_list_does_not_take_a_task_of_another_user(page_as, alice, bob):
    home = TaskListFactory(owner=alice)
    actions.trash_list(caller_of(alice), list_id=home.pk)
    theirs = TaskFactory(owner=bob)

    path = reverse("todos:list-restore", args=[home.pk])
    page_as(alice).post(path, {"task": str(theirs.pk)})

    theirs.refresh_from_db()
    assert theirs.list.owner == bob
    assert TaskList.objects.get(pk=home.pk).trashed_at is None


# --- Emptying ---------------------------------------------------------------------


def a_full_trash(owner):
    home = TaskListFactory(owner=owner)
    TaskFactory(owner=owner, list_id=home.pk)
    actions.trash_list(caller_of(owner), list_id=home.pk)
    task = TaskFactory(owner=owner)
    TaskFactory(owner=owner, parent_id=task.pk)
    actions.trash_task(caller_of(owner), task_id=task.pk)


def test_emptying_asks_first_and_says_what_is_deleted(page_as, alice):
    a_full_trash(alice)

    page = page_as(alice).get(EMPTY_URL).content.decode()

    assert "2 tasks and 1 list" in " ".join(page.split())
    assert Task.objects.count() == 3


def test_emptying_deletes_all_of_the_trash_and_nothing_else(
    page_as, alice, bob, monkeypatch
):
    monkeypatch.setattr(removal, "CHUNK", 1)
    a_full_trash(alice)
    a_full_trash(bob)
    kept = TaskFactory(owner=alice)

    response = page_as(alice).post(EMPTY_URL)

    assert (response.status_code, response.url) == (303, URL)
    assert list(Task.objects.filter(owner=alice)) == [kept]
    assert not TaskList.objects.filter(owner=alice).trashed()
    assert Task.objects.filter(owner=bob).count() == 3
    removed = Change.objects.filter(owner=alice, kind="removed")
    assert {one.before for one in removed} == {None}


def test_emptying_leaves_what_was_deleted_after_the_question(page_as, alice):
    browser = page_as(alice)
    a_full_trash(alice)
    before = browser.get(EMPTY_URL).context["before"]
    later = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice, timezone.now()), task_id=later.pk)

    browser.post(EMPTY_URL, {"before": before})

    assert list(Task.objects.all()) == [later]


@pytest.mark.parametrize(
    "before",
    [
        *("", "yesterday", "2999-01-01T00:00:00Z", "2026"),
        "0001-01-01T00:00:00+14:00",  # in no year of UTC
    ],
)
def test_emptying_takes_any_time_of_the_form(page_as, alice, before):
    a_full_trash(alice)

    page_as(alice).post(EMPTY_URL, {"before": before})

    assert not Task.objects.exists()


def test_a_large_trash_is_emptied_in_several_requests(page_as, alice, monkeypatch):
    monkeypatch.setattr(removal, "CHUNK", 1)
    monkeypatch.setattr(removal, "EMPTIED_MAX", 2)
    monkeypatch.setattr(trash, "EMPTIED_MAX", 2)
    a_full_trash(alice)
    browser = page_as(alice)

    page = browser.post(EMPTY_URL, follow=True).content.decode()

    assert "again for the rest" in page
    assert Task.objects.exists() or TaskList.objects.trashed().exists()


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))
    assert asks_to_sign_in(client.post(EMPTY_URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    assert page_as(bob).get(URL).context["entries"] == []


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405
