"""Undo on pages reverts the whole batch, for every action and every page."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.credentials import SESSION
from tests.changes import caller_of, last_change, snapshots_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, kinds
from todos import actions
from todos.caller import Caller
from todos.models import Change, Task

UNDO = re.compile(r'action="(/undo/[0-9a-f-]+/)"')


class AliceObjects:
    """Tasks and lists of Alice, in every state that has a button."""

    def __init__(self, alice):
        mine = {"owner": alice}
        self.home = TaskListFactory(**mine, name="Home")
        self.flat = TaskListFactory(**mine, name="Flat")
        self.old = TaskListFactory(**mine, name="Old")
        self.gone = TaskListFactory(**mine, name="Gone")
        self.task = TaskFactory(
            **mine, title="Prepare the talk", list_id=self.home.pk, labels=["work"]
        )
        steps = TaskFactory.create_batch(3, **mine, parent_id=self.task.pk)
        actions.complete_task(caller_of(alice), task_id=steps[0].pk)
        self.done = TaskFactory(
            **mine, due_date=timezone.now().date(), rrule="FREQ=DAILY"
        )
        actions.complete_task(caller_of(alice), task_id=self.done.pk)
        self.trashed = TaskFactory(**mine, list_id=self.flat.pk)
        TaskFactory(**mine, parent_id=self.trashed.pk)
        actions.trash_task(caller_of(alice), task_id=self.trashed.pk)
        TaskFactory(**mine, list_id=self.gone.pk)
        actions.trash_list(caller_of(alice), list_id=self.gone.pk)
        now = timezone.now()
        actions.update_list(
            caller_of(alice), list_id=self.old.pk, changes={"archived_at": now}
        )


LIST = {"name": "New", "colour": "red"}
# Every form whose message offers Undo: its URL, its object, and the input.
FORMS = {
    "add": ("quick-add", None, {"text": "Buy milk @new"}),
    "edit": ("task-set title", "task", {"title": "Write the talk"}),
    "label": ("task-set labels", "task", {"add": "work, new", "remove": "work"}),
    "repeat": ("task-set repeat", "task", {"words": "every 3rd tuesday at 9"}),
    "move": ("task-set list", "task", {"list": "<flat>"}),
    "add a step": ("task-add-step", "task", {"text": "Draw p1 @new"}),
    "complete": ("task-complete", "task", {}),
    "reopen": ("task-reopen", "done", {}),
    "delete": ("task-delete", "task", {}),
    "restore": ("task-restore", "trashed", {}),
    "new list": ("list-create", None, LIST),
    "edit list": ("list-update", "home", LIST),
    "archive": ("list-archive", "home", {}),
    "unarchive": ("list-unarchive", "old", {}),
    "delete list": ("list-delete", "home", {}),
    "empty list": ("list-delete", "home", {"move_to": "<flat>"}),
    "restore list": ("list-restore", "gone", {}),
}


def send(client, objects, form, **options):
    name, about, body = FORMS[form]
    row = getattr(objects, about) if about else None
    body = {
        key: str(objects.flat.pk) if value == "<flat>" else value
        for key, value in body.items()
    }
    name, *of = name.split()
    url = reverse(f"todos:{name}", args=[row.pk, *of] if row else None)
    return client.post(url, body, **options)


def offered(response):
    """Return the URL that the Undo button of the message posts to."""
    return UNDO.search(response.content.decode())[1]


@pytest.mark.parametrize("form", FORMS)
def test_restores_the_state_before_the_batch(page_as, alice, form):
    objects, client = AliceObjects(alice), page_as(alice)
    before = snapshots_of(alice)
    page = send(client, objects, form, follow=True)
    assert snapshots_of(alice) != before

    response = client.post(offered(page), follow=True)

    assert response.status_code == 200
    assert "Undone." in response.content.decode()
    assert snapshots_of(alice) == before


def test_restores_the_number_of_open_steps(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    url = reverse("todos:task-complete", args=[objects.task.pk])
    page = client.post(url, follow=True)
    assert objects.task.steps.completed().count() == 3

    client.post(offered(page))

    assert objects.task.steps.completed().count() == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_second_undo_has_no_effect(page_as, alice, form):
    objects, client = AliceObjects(alice), page_as(alice)
    before = snapshots_of(alice)
    undo = offered(send(client, objects, form, follow=True))
    client.post(undo, follow=True)

    again = client.post(undo, follow=True)

    assert "This has already been undone." in again.content.decode()
    assert snapshots_of(alice) == before


def test_redirects_to_the_page_that_offered_it(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    send(client, objects, "complete")

    page = client.get("/upcoming/?page=1")
    response = client.post(offered(page), {"next": "/upcoming/?page=1"})

    assert 'name="next" value="/upcoming/?page=1"' in page.content.decode()
    assert (response.status_code, response.url) == (303, "/upcoming/?page=1")


def test_does_not_redirect_to_the_page_of_a_list_that_it_removed(page_as, alice):
    client = page_as(alice)
    page = client.post(reverse("todos:list-create"), LIST, follow=True)
    there = page.redirect_chain[-1][0]

    response = client.post(offered(page), {"next": there})

    assert response.url == reverse("todos:task-today")


def test_names_the_changes_that_prevent_it(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    undo = offered(send(client, objects, "edit", follow=True))
    actions.update_task(
        caller_of(alice), task_id=objects.task.pk, changes={"title": "Give <the> talk"}
    )

    response = client.post(undo, follow=True)

    page = response.content.decode()
    assert "can no longer be undone" in page
    assert "“Give &lt;the&gt; talk” was edited" in page
    assert Task.objects.get(pk=objects.task.pk).title == "Give <the> talk"


def test_explains_that_a_permanent_deletion_cannot_be_undone(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    undo = offered(send(client, objects, "restore", follow=True))
    actions.trash_task(caller_of(alice), task_id=objects.trashed.pk)
    actions.remove_task(caller_of(alice), task_id=objects.trashed.pk)

    response = client.post(undo, follow=True)

    assert (
        "Permanently deleted items can&#x27;t be restored" in response.content.decode()
    )


def test_a_get_asks_for_confirmation(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    undo = offered(send(client, objects, "complete", follow=True))
    before = snapshots_of(alice)

    page = client.get(f"{undo}?next=/inbox/").content.decode()

    assert "was completed" in page
    assert 'name="next" value="/inbox/"' in page
    assert snapshots_of(alice) == before


def test_names_only_the_first_of_many_changes(page_as, alice):
    objects, client = AliceObjects(alice), page_as(alice)
    undo = offered(send(client, objects, "complete", follow=True))

    page = client.get(undo).content.decode()

    assert page.count("was completed") == 3
    client.post(undo)
    page = client.get(reverse("todos:undo", args=[last_change(alice).batch]))
    assert page.content.decode().count("was reopened") == 3


def test_requires_a_sign_in(client, page_as, alice):
    objects = AliceObjects(alice)
    undo = offered(send(page_as(alice), objects, "complete", follow=True))
    before = snapshots_of(alice)

    assert asks_to_sign_in(client.post(undo))
    assert asks_to_sign_in(client.get(undo))
    assert snapshots_of(alice) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_hides_a_batch_of_another_user(page_as, alice, bob, method):
    objects = AliceObjects(alice)
    undo = offered(send(page_as(alice), objects, "complete", follow=True))
    before = snapshots_of(alice)
    send_as_bob = getattr(page_as(bob), method)

    theirs = send_as_bob(undo)
    nobodys = send_as_bob(reverse("todos:undo", args=[ABSENT]))

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content
    assert snapshots_of(alice) == before
    assert kinds(bob) == []


def test_refuses_other_methods(page_as, alice):
    TaskFactory(owner=alice)
    url = reverse("todos:undo", args=[Change.objects.get().batch])

    assert page_as(alice).delete(url).status_code == 405


# --- The last change --------------------------------------------------------------


def test_undoes_the_last_changes_one_by_one(page_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk")
    before = snapshots_of(alice)
    client = page_as(alice)
    client.post(reverse("todos:task-complete", args=[task.pk]))
    client.post(reverse("todos:task-delete", args=[task.pk]))

    client.post(reverse("todos:undo-last"))
    task.refresh_from_db()
    assert task.is_completed
    assert task.trashed_at is None
    response = client.post(reverse("todos:undo-last"), {"next": "/inbox/"})

    assert (response.status_code, response.url) == (303, "/inbox/")
    assert snapshots_of(alice) == before
    again = client.post(reverse("todos:undo-last"), follow=True)
    assert "Nothing to undo in the last 10 minutes." in again.content.decode()


def test_an_undo_in_another_browser_is_not_undone(page_as, alice):
    task = TaskFactory(owner=alice)
    before = snapshots_of(alice)
    phone, laptop = page_as(alice), page_as(alice)
    phone.post(reverse("todos:task-complete", args=[task.pk]))
    phone.post(reverse("todos:task-delete", args=[task.pk]))

    phone.post(reverse("todos:undo-last"))
    laptop.post(reverse("todos:undo-last"))

    assert snapshots_of(alice) == before


def test_the_last_change_counts_towards_the_limit_of_undos(page_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"undo": (1, 10**10)}
    client = page_as(alice)

    answers = [client.post(reverse("todos:undo-last")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 429]


def test_redoes_a_change_and_undoes_it_again(page_as, alice):
    task = TaskFactory(owner=alice)
    client = page_as(alice)
    client.post(reverse("todos:task-complete", args=[task.pk]), follow=True)
    undone = client.post(reverse("todos:undo-last"), follow=True)

    redone = client.post(offered(undone), follow=True)
    task.refresh_from_db()
    assert task.is_completed
    assert "Done again." in redone.content.decode()
    client.post(reverse("todos:undo-last"))

    task.refresh_from_db()
    assert not task.is_completed


def test_undoes_no_older_change_and_none_of_another_client(page_as, alice, bob):
    old, new = TaskFactory(owner=alice), TaskFactory(owner=alice)
    theirs = TaskFactory(owner=bob)
    past = timezone.now() - timedelta(minutes=11)
    actions.complete_task(Caller(alice, SESSION, past), task_id=old.pk)
    actions.complete_task(caller_of(alice), task_id=new.pk)  # by a token
    client = page_as(alice)
    page_as(bob).post(reverse("todos:task-complete", args=[theirs.pk]))

    response = client.post(reverse("todos:undo-last"), follow=True)

    assert "Nothing to undo" in response.content.decode()
    assert all(row.is_completed for row in Task.objects.all())


def test_asks_before_it_undoes_the_last_change(page_as, alice):
    client = page_as(alice)
    assert client.get(reverse("todos:undo-last")).status_code == 302
    task = TaskFactory(owner=alice, title="Buy milk")
    client.post(reverse("todos:task-complete", args=[task.pk]))

    page = client.get(reverse("todos:undo-last")).content.decode()

    assert "Undo this change?" in page
    assert "“Buy milk” was completed" in page
