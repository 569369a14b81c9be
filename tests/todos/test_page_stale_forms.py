"""Forms whose object was changed in another tab while the form was open.

Every form is sent after every such change. The response explains the change, and the
input is saved or shown again.
"""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import assert_does_not_exist
from todos import actions
from todos.actions import labels as label_actions
from todos.models import Task, TaskList
from todos.pages.forms import TaskForm

pytestmark = pytest.mark.slow

TODAY = timezone.now().date()
WRITTEN = "Written with much thought"


class Scene:
    """A task of Alice in a list of hers, and what can happen to them."""

    def __init__(self, alice, state):
        self.owner = alice
        self.home = TaskListFactory(owner=alice, name="Home")
        self.other = TaskListFactory(owner=alice, name="Other")
        self.task = TaskFactory(
            owner=alice, title="Buy milk", list_id=self.home.pk, due_date=TODAY
        )
        self.parent = TaskFactory(owner=alice, list_id=self.home.pk)
        if state == "trashed":
            self.trash()
            self.trash_list()

    @property
    def caller(self):
        return caller_of(self.owner)

    def nothing(self):
        pass

    def edit(self):
        self._change(title="Buy bread", due_date=None)

    def repeat(self):
        self._change(rrule="FREQ=DAILY;COUNT=2", due_date=TODAY)

    def _change(self, **changes):
        actions.update_task(self.caller, task_id=self.task.pk, changes=changes)

    def complete(self):
        actions.complete_task(self.caller, task_id=self.task.pk)

    def move(self):
        self._change(list_id=self.other.pk)

    def make_a_step(self):
        self._change(parent_id=self.parent.pk)

    def add_a_step(self):
        TaskFactory(owner=self.owner, parent_id=self.task.pk)

    def trash(self):
        actions.trash_task(self.caller, task_id=self.task.pk)

    def restore(self):
        actions.restore_task(self.caller, task_id=self.task.pk)

    def remove(self):
        self.trash()
        actions.remove_task(self.caller, task_id=self.task.pk)

    def undo_all(self):
        batch = self.owner.changes.get(entity_id=self.task.pk, kind="created").batch
        actions.undo(self.caller, batch_id=batch)

    def rename_list(self):
        changes = {"name": "House"}
        actions.update_list(self.caller, list_id=self.home.pk, changes=changes)

    def archive_list(self):
        changes = {"archived_at": timezone.now()}
        actions.update_list(self.caller, list_id=self.home.pk, changes=changes)

    def trash_list(self):
        actions.trash_list(self.caller, list_id=self.home.pk)

    def empty_list_into_another(self):
        to = {"list_id": self.home.pk, "move_to": self.other.pk}
        actions.trash_list(self.caller, **to)

    def restore_list(self):
        actions.restore_list(self.caller, list_id=self.home.pk)

    def remove_list(self):
        if TaskList.objects.get(pk=self.home.pk).trashed_at is None:
            self.trash_list()
        before = timezone.now()
        remove_trashed = actions.removal.remove_trashed
        while remove_trashed(self.caller, before=before, limit=500):
            pass


ON_LIVE = [
    Scene.nothing,
    Scene.edit,
    Scene.repeat,
    Scene.complete,
    Scene.move,
    Scene.make_a_step,
    Scene.add_a_step,
    Scene.trash,
    Scene.remove,
    Scene.undo_all,
    Scene.rename_list,
    Scene.archive_list,
    Scene.trash_list,
    Scene.empty_list_into_another,
    Scene.remove_list,
]
ON_TRASHED = [Scene.nothing, Scene.restore, Scene.restore_list, Scene.remove_list]
TASK = {"title": WRITTEN, "notes": WRITTEN, "list": "<home>", "version": "1"}
LIST = {"name": WRITTEN, "colour": "red"}
# The form, its object, and the input.
LIVE_FORMS = [
    ("task-create", None, TASK),
    ("task-update", "task", TASK),
    ("task-complete", "task", {}),
    ("task-reopen", "task", {}),
    ("task-delete", "task", {}),
    ("list-create", None, LIST),
    ("list-update", "home", LIST),
    ("list-archive", "home", {}),
    ("list-unarchive", "home", {}),
    ("list-delete", "home", {"move_to": "<other>"}),
]
TRASHED_FORMS = [
    ("task-restore", "task", {}),
    ("task-remove", "task", {}),
    ("list-restore", "home", {}),
]
CASES = [
    *(("live", *form, event) for form in LIVE_FORMS for event in ON_LIVE),
    *(("trashed", *form, event) for form in TRASHED_FORMS for event in ON_TRASHED),
]


def name_of(value):
    return value.__name__ if callable(value) else None


@pytest.mark.parametrize(
    ("state", "name", "about", "body", "event"),
    CASES,
    ids=lambda value: name_of(value) or (value if isinstance(value, str) else ""),
)
def test_explains_the_change_and_keeps_the_input(
    page_as, alice, state, name, about, body, event
):
    scene, client = Scene(alice, state), page_as(alice)
    places = {"<home>": str(scene.home.pk), "<other>": str(scene.other.pk)}
    body = {key: places.get(value, value) for key, value in body.items()}
    row = getattr(scene, about) if about else None
    url = reverse(f"todos:{name}", args=[row.pk] if row else None)
    event(scene)

    response = client.post(url, body)

    if response.status_code == 303:
        response = client.get(response.url)
        page = response.content.decode()
        assert response.status_code == 200
        assert '<div class="toast ' in page
        assert not body or "toast error" in page or was_stored(body)
    else:
        page = response.content.decode()
        assert response.status_code in {200, 409}
        assert 'role="alert"' in page
        assert f'value="{WRITTEN}"' in page


def was_stored(body):
    return (
        WRITTEN not in body.values()
        or Task.objects.filter(title=WRITTEN, notes=WRITTEN).exists()
        or TaskList.objects.filter(name=WRITTEN).exists()
    )


@pytest.fixture
def scene(alice):
    return Scene(alice, "live")


def sent_again(response):
    """Return the input that a refused form sends when it is sent again unchanged."""
    form = response.context["form"]
    values = {field.name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, "")}


def test_sending_again_restores_the_task_and_saves_the_input(page_as, alice, scene):
    client = page_as(alice)
    url = reverse("todos:task-update", args=[scene.task.pk])
    scene.trash()

    refused = client.post(url, TASK | {"list": str(scene.home.pk)})
    response = client.post(url, sent_again(refused))

    assert "was moved to the trash after you opened it" in refused.content.decode()
    assert (refused.status_code, response.status_code) == (409, 303)
    scene.task.refresh_from_db()
    assert (scene.task.title, scene.task.trashed_at) == (WRITTEN, None)


def test_mentions_a_change_before_the_task_was_put_in_the_trash(page_as, alice, scene):
    url = reverse("todos:task-update", args=[scene.task.pk])
    scene.edit()
    scene.trash()

    refused = page_as(alice).post(url, TASK | {"list": str(scene.home.pk)})

    assert "was changed elsewhere and moved to the trash" in refused.content.decode()


@pytest.mark.parametrize("event", [Scene.edit, Scene.trash])
def test_sending_again_overrides_no_later_change(page_as, alice, scene, event):
    client = page_as(alice)
    url = reverse("todos:task-update", args=[scene.task.pk])
    scene.trash()
    refused = client.post(url, TASK | {"list": str(scene.home.pk)})
    scene.restore()
    event(scene)

    response = client.post(url, sent_again(refused))

    assert response.status_code == 409
    assert Task.objects.get(pk=scene.task.pk).title != WRITTEN


def test_sending_again_restores_the_list_with_its_new_name(page_as, alice, scene):
    client = page_as(alice)
    url = reverse("todos:list-update", args=[scene.home.pk])
    scene.trash_list()

    refused = client.post(url, LIST)
    response = client.post(url, sent_again(refused))

    assert (refused.status_code, response.status_code) == (409, 303)
    scene.home.refresh_from_db()
    assert (scene.home.name, scene.home.trashed_at) == (WRITTEN, None)


def test_an_invalid_form_restores_no_task(page_as, alice, scene, monkeypatch):
    client = page_as(alice)
    url = reverse("todos:task-update", args=[scene.task.pk])
    scene.trash()
    asked = client.post(url, TASK | {"list": str(scene.home.pk)})
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 0)

    refused = client.post(url, sent_again(asked) | {"labels": "new"})

    before = scene.task.version
    scene.task.refresh_from_db()
    assert refused.status_code == 200
    assert scene.task.trashed_at is not None
    assert scene.task.version == before + 1

    response = client.post(url, sent_again(refused) | {"labels": ""})

    scene.task.refresh_from_db()
    assert response.status_code == 303
    assert (scene.task.title, scene.task.trashed_at) == (WRITTEN, None)


def test_an_invalid_form_restores_no_list(page_as, alice, scene, monkeypatch):
    client = page_as(alice)
    url = reverse("todos:list-update", args=[scene.home.pk])
    scene.trash_list()
    asked = client.post(url, LIST)

    def refuse(*_, **__):
        raise ValidationError({"name": "Not this one."})

    with monkeypatch.context() as patched:
        patched.setattr("todos.pages.lists.actions.update_list", refuse)
        refused = client.post(url, sent_again(asked))

    scene.home.refresh_from_db()
    assert refused.status_code == 200
    assert scene.home.trashed_at is not None


def test_undo_reverts_the_save_and_the_restore(page_as, alice, scene):
    client = page_as(alice)
    scene.trash()
    scene.trash_list()
    saved = [
        (scene.task, "todos:task-update", TASK | {"list": str(scene.other.pk)}),
        (scene.home, "todos:list-update", LIST),
    ]
    for row, name, body in saved:
        row.refresh_from_db()
        url = reverse(name, args=[row.pk])
        client.post(url, sent_again(client.post(url, body)))

        actions.undo(scene.caller)

        was = dict(vars(row))
        row.refresh_from_db()
        names = ("title", "name", "list_id", "trashed_at")
        assert {key: was.get(key) for key in names} == {
            key: vars(row).get(key) for key in names
        }


def test_the_input_for_a_deleted_task_can_be_added_as_a_new_task(page_as, alice, scene):
    client = page_as(alice)
    scene.remove()

    url = reverse("todos:task-update", args=[scene.task.pk])
    refused = client.post(url, TASK | {"list": ""})
    page = refused.content.decode()
    response = client.post(reverse("todos:task-create"), sent_again(refused))

    assert refused.status_code == 409
    assert f'action="{reverse("todos:task-create")}"' in page
    assert response.status_code == 303
    assert Task.objects.get(title=WRITTEN).notes == WRITTEN


def test_the_input_for_a_deleted_list_can_be_saved_as_a_new_list(page_as, alice, scene):
    client = page_as(alice)
    scene.remove_list()

    refused = client.post(reverse("todos:list-update", args=[scene.home.pk]), LIST)
    page = refused.content.decode()
    response = client.post(reverse("todos:list-create"), sent_again(refused))

    assert refused.status_code == 409
    assert f'action="{reverse("todos:list-create")}"' in page
    assert response.status_code == 303
    assert TaskList.objects.filter(name=WRITTEN).exists()


@pytest.mark.parametrize("event", [Scene.trash, Scene.remove, Scene.edit])
def test_handles_a_change_during_the_request(page_as, alice, scene, monkeypatch, event):
    whole_clean = TaskForm.full_clean

    def clean_slowly(form):
        whole_clean(form)
        monkeypatch.undo()
        event(scene)

    monkeypatch.setattr(TaskForm, "full_clean", clean_slowly)
    url = reverse("todos:task-update", args=[scene.task.pk])

    response = page_as(alice).post(url, TASK | {"list": str(scene.home.pk)})

    assert response.status_code == 409
    assert f'value="{WRITTEN}"' in response.content.decode()


@pytest.mark.parametrize(
    "name", ["task-update", "task-complete", "task-remove", "task-restore"]
)
def test_a_deleted_object_of_another_user_is_not_found(
    page_as, alice, bob, scene, name
):
    scene.remove()

    assert_does_not_exist(
        page_as(bob), f"todos:{name}", scene.task.pk, method="post", **TASK
    )
