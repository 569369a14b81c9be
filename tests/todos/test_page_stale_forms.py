"""Forms whose object was changed in another tab while the form was open.

Every form is sent after every such change. The response explains the change, and the
input is saved or shown again.
"""

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, details_of, sent, set_url
from todos import actions
from todos.actions import labels as label_actions
from todos.models import Task, TaskList
from todos.pages.properties import TitleForm

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

WRITTEN = "Written with much thought"


class Scene:
    """A task of Alice in a list of hers, and what can happen to them."""

    def __init__(self, alice, state):
        self.owner = alice
        self.today = timezone.now().date()
        self.home = TaskListFactory(owner=alice, name="Home")
        self.other = TaskListFactory(owner=alice, name="Other")
        self.task = TaskFactory(
            owner=alice, title="Buy milk", list_id=self.home.pk, due_date=self.today
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
        self._change(rrule="FREQ=DAILY;COUNT=2", due_date=self.today)

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
TASK = {"title": WRITTEN, "notes": WRITTEN, "list": "<home>"}
TITLE = {"title": WRITTEN, "seen": "<seen title>"}
NOTES = {"notes": WRITTEN, "seen": "<seen notes>"}
LIST = {"name": WRITTEN, "colour": "red"}
# The form, its object, and the input.
LIVE_FORMS = [
    ("task-set title", "task", TITLE),
    ("task-set notes", "task", NOTES),
    ("task-add-step", "task", {"text": WRITTEN}),
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
    known = {"<home>": str(scene.home.pk), "<other>": str(scene.other.pk)}
    if "seen" in body:
        forms = details_of(client, scene.task).forms
        known |= {f"<seen {one}>": forms[one].seen for one in forms}
    body = {key: known.get(value, value) for key, value in body.items()}
    row = getattr(scene, about) if about else None
    name, *of = name.split()
    url = reverse(f"todos:{name}", args=[row.pk, *of] if row else None)
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
        assert f'value="{WRITTEN}"' in page or f"{WRITTEN}</textarea>" in page


def was_stored(body):
    return (
        WRITTEN not in body.values()
        or Task.objects.filter(Q(title=WRITTEN) | Q(notes=WRITTEN)).exists()
        or TaskList.objects.filter(name=WRITTEN).exists()
    )


@pytest.fixture
def scene(alice):
    return Scene(alice, "live")


def listed(form):
    """Return what the form of a list sends when it is sent again unchanged."""
    values = {field.name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, "")}


def written(client, scene, name="title"):
    """Return the URL of a form of the task, and what a browser sends for it."""
    form = details_of(client, scene.task).forms[name]
    fields = {"labels": "add"}
    return set_url(scene.task, name), sent(form, **{fields.get(name, name): WRITTEN})


def test_sending_again_restores_the_task_and_saves_the_input(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.trash()

    refused = client.post(url, body)
    response = client.post(url, sent(refused.context["refused"]))

    assert "was moved to the trash after you opened it" in refused.content.decode()
    assert (refused.status_code, response.status_code) == (409, 303)
    scene.task.refresh_from_db()
    assert (scene.task.title, scene.task.trashed_at) == (WRITTEN, None)


def test_mentions_a_change_before_the_task_was_put_in_the_trash(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.edit()
    scene.trash()

    refused = client.post(url, body)

    assert "was changed elsewhere and moved to the trash" in refused.content.decode()


@pytest.mark.parametrize("event", [Scene.edit, Scene.trash])
def test_sending_again_overrides_no_later_change(page_as, alice, scene, event):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.trash()
    refused = client.post(url, body)
    scene.restore()
    event(scene)

    response = client.post(url, sent(refused.context["refused"]))

    assert response.status_code == 409
    assert Task.objects.get(pk=scene.task.pk).title != WRITTEN


# --- A property that was changed elsewhere ----------------------------------------


def test_shows_both_values_and_overwrites_none(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.edit()

    refused = client.post(url, body | {"next": "/inbox/#details-title"})

    page = refused.content.decode()
    assert refused.status_code == 409
    assert f"{WRITTEN}</textarea>" in page
    assert 'class="conflict-now" dir="auto">Buy bread<' in page
    assert 'href="/inbox/#details-title">Keep what is there now</a>' in page
    assert Task.objects.get(pk=scene.task.pk).title == "Buy bread"


@pytest.mark.parametrize(
    ("choice", "title"), [({}, WRITTEN), ({"merge": "on"}, f"Buy bread / {WRITTEN}")]
)
def test_saves_what_the_user_chooses(page_as, alice, scene, choice, title):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.edit()
    refused = client.post(url, body)

    response = client.post(url, sent(refused.context["refused"]) | choice)

    assert response.status_code == 303
    assert Task.objects.get(pk=scene.task.pk).title == title


def test_puts_both_notes_into_one_text(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene, "notes")
    scene._change(notes="Oat milk")
    refused = client.post(url, body)

    client.post(url, sent(refused.context["refused"]) | {"merge": "on"})

    assert Task.objects.get(pk=scene.task.pk).notes == f"Oat milk\n\n{WRITTEN}"


@pytest.mark.parametrize("choice", [{}, {"merge": "on"}])
def test_asks_again_after_yet_another_change(page_as, alice, scene, choice):
    client = page_as(alice)
    url, body = written(client, scene)
    scene.edit()
    refused = client.post(url, body)
    scene._change(title="Buy nothing")

    response = client.post(url, sent(refused.context["refused"]) | choice)

    assert response.status_code == 409
    assert f"{WRITTEN}</textarea>" in response.content.decode()
    assert Task.objects.get(pk=scene.task.pk).title == "Buy nothing"


def test_a_change_of_another_property_does_not_conflict(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene, "notes")
    scene.edit()

    response = client.post(url, body)

    assert response.status_code == 303
    task = Task.objects.get(pk=scene.task.pk)
    assert (task.title, task.notes) == ("Buy bread", WRITTEN)


def test_the_same_value_does_not_conflict(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene)
    scene._change(title=WRITTEN)

    assert client.post(url, body).status_code == 303


def test_labels_that_were_set_elsewhere_stay(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene, "labels")
    scene._change(labels=["home"])

    assert client.post(url, body).status_code == 303
    task = Task.objects.with_labels().get(pk=scene.task.pk)
    assert task.label_names == ["home", WRITTEN]


# --- In the trash, or deleted permanently -----------------------------------------


def test_sending_again_restores_the_list_with_its_new_name(page_as, alice, scene):
    client = page_as(alice)
    url = reverse("todos:list-update", args=[scene.home.pk])
    scene.trash_list()

    refused = client.post(url, LIST)
    response = client.post(url, listed(refused.context["form"]))

    assert (refused.status_code, response.status_code) == (409, 303)
    scene.home.refresh_from_db()
    assert (scene.home.name, scene.home.trashed_at) == (WRITTEN, None)


def test_an_invalid_form_restores_no_task(page_as, alice, scene, monkeypatch):
    client = page_as(alice)
    url, body = written(client, scene, "labels")
    scene.trash()
    asked = client.post(url, body)
    before = scene.task.version
    with monkeypatch.context() as patched:
        patched.setattr(label_actions, "LABELS_PER_USER_MAX", 0)

        refused = client.post(url, sent(asked.context["refused"]))

    scene.task.refresh_from_db()
    assert refused.status_code == 200
    assert scene.task.trashed_at is not None
    assert scene.task.version == before + 1

    response = client.post(url, sent(refused.context["refused"]))

    assert response.status_code == 303
    task = Task.objects.with_labels().get(pk=scene.task.pk)
    assert (task.label_names, task.trashed_at) == ([WRITTEN], None)


def test_an_invalid_form_restores_no_list(page_as, alice, scene, monkeypatch):
    client = page_as(alice)
    url = reverse("todos:list-update", args=[scene.home.pk])
    scene.trash_list()
    asked = client.post(url, LIST)

    def refuse(*_, **__):
        raise ValidationError({"name": "Not this one."})

    with monkeypatch.context() as patched:
        patched.setattr("todos.pages.lists.actions.update_list", refuse)
        refused = client.post(url, listed(asked.context["form"]))

    scene.home.refresh_from_db()
    assert refused.status_code == 200
    assert scene.home.trashed_at is not None


def test_undo_reverts_the_save_and_the_restore(page_as, alice, scene):
    client = page_as(alice)
    forms = {
        scene.task: written(client, scene),
        scene.home: (reverse("todos:list-update", args=[scene.home.pk]), LIST),
    }
    scene.trash()
    scene.trash_list()
    for row, (url, body) in forms.items():
        row.refresh_from_db()
        context = client.post(url, body).context
        is_task = "refused" in context
        again = sent(context["refused"]) if is_task else listed(context["form"])
        client.post(url, again)

        actions.undo(scene.caller)

        was = dict(vars(row))
        row.refresh_from_db()
        names = ("title", "name", "list_id", "trashed_at")
        assert {key: was.get(key) for key in names} == {
            key: vars(row).get(key) for key in names
        }


def test_the_input_for_a_deleted_task_can_be_added_as_a_new_task(page_as, alice, scene):
    client = page_as(alice)
    url, body = written(client, scene, "notes")
    scene.remove()

    refused = client.post(url, body)
    page = refused.content.decode()
    new = {"title": "Milk", "notes": WRITTEN, "as_new": "on"}
    response = client.post(url, new)

    assert refused.status_code == 409
    assert f"{WRITTEN}</textarea>" in page
    assert 'name="as_new"' in page
    assert response.status_code == 303
    assert Task.objects.get(title="Milk").notes == WRITTEN


def test_the_input_for_a_deleted_list_can_be_saved_as_a_new_list(page_as, alice, scene):
    client = page_as(alice)
    scene.remove_list()

    refused = client.post(reverse("todos:list-update", args=[scene.home.pk]), LIST)
    page = refused.content.decode()
    response = client.post(
        reverse("todos:list-create"), listed(refused.context["form"])
    )

    assert refused.status_code == 409
    assert f'action="{reverse("todos:list-create")}"' in page
    assert response.status_code == 303
    assert TaskList.objects.filter(name=WRITTEN).exists()


@pytest.mark.database
@pytest.mark.parametrize("event", [Scene.trash, Scene.remove, Scene.edit])
def test_handles_a_change_during_the_request(page_as, alice, scene, monkeypatch, event):
    client = page_as(alice)
    url, body = written(client, scene)
    whole_clean = TitleForm.full_clean

    def clean_slowly(form):
        whole_clean(form)
        monkeypatch.undo()
        event(scene)

    monkeypatch.setattr(TitleForm, "full_clean", clean_slowly)

    response = client.post(url, body)

    page = response.content.decode()
    assert response.status_code == 409
    assert f"{WRITTEN}</textarea>" in page or f'value="{WRITTEN}"' in page


@pytest.mark.parametrize(
    "name", ["task-set", "task-add-step", "task-complete", "task-remove"]
)
def test_a_deleted_object_of_another_user_is_not_found(
    page_as, alice, bob, scene, name
):
    scene.remove()
    of = ["title"] if name == "task-set" else []
    body = {"title": WRITTEN, "text": WRITTEN}

    answers = [
        page_as(bob).post(reverse(f"todos:{name}", args=[pk, *of]), body)
        for pk in (scene.task.pk, ABSENT)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
