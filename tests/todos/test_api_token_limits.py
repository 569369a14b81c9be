"""Tokens that only add, and tokens that are limited to some lists."""

import json
from uuid import uuid4

import pytest

from config.api.scopes import APPEND, EXPORT, READ, WRITE
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.personal_tokens import text_of, token_of
from todos import actions
from todos.models import Task

TASKS = "/api/v1/tasks"


@pytest.fixture
def home(alice):
    return TaskListFactory(owner=alice, name="Home")


@pytest.fixture
def work(alice):
    return TaskListFactory(owner=alice, name="Secret work")


# --- Only adding ------------------------------------------------------------------


@pytest.fixture
def adder(alice, api_with):
    return api_with(text_of(alice, APPEND))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TASKS, {"title": "Check the backup", "labels": ["SECRET"]}),
        ("/api/users/me/tasks", {"title": "Check", "tags": ["SECRET"]}),
        ("/api/me/tasks", {"title": "Check"}),
        ("/api/tasks", {"title": "Check"}),
        ("/api/v1/users/me/tasks", {"title": "Check"}),
    ],
)
def test_the_answer_to_a_token_that_only_adds_is_the_id(alice, adder, path, body):
    actions.create_label(caller_of(alice), name="Secret")

    answer = adder.post(path, body)

    assert answer.status_code == 201
    assert answer.json() == {"id": str(alice.tasks.get().pk)}
    assert "ETag" not in answer


def test_quick_add_tells_it_nothing_of_lists_and_labels(alice, adder, work):
    actions.create_label(caller_of(alice), name="Secret")

    known = adder.post(f"{TASKS}/quick", {"text": "Milk @secret #Secret work"})
    unknown = adder.post(f"{TASKS}/quick", {"text": "Milk @public #Nothing"})

    for answer in (known, unknown):
        assert answer.status_code == 201
        body = answer.json()
        assert body.keys() == {"tasks"}
        assert [task.keys() for task in body["tasks"]] == [{"id"}]


@pytest.mark.parametrize(
    ("path", "body", "scope"),
    [
        (f"{TASKS}/quick", {"text": "Milk", "dry_run": True}, READ),
        (f"{TASKS}/quick", {"text": "Milk", "new_lists": ["Home"]}, WRITE),
        (TASKS, {"title": "Milk", "parent": "<task>"}, WRITE),
        (TASKS, {"title": "Milk", "parent": str(uuid4())}, WRITE),
    ],
)
def test_it_may_not_read_in_a_roundabout_way(alice, adder, path, body, scope):
    task = TaskFactory(owner=alice)
    if body.get("parent") == "<task>":
        body = body | {"parent": str(task.pk)}

    answer = adder.post(path, body)

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert answer["WWW-Authenticate"].endswith(f'scope="{scope}"')
    assert alice.tasks.count() == 1


def test_it_never_gets_the_answer_to_another_credential(alice, adder, api_as):
    body, key = {"title": "Milk"}, {"headers": {"Idempotency-Key": "same"}}
    full = api_as(alice).post(TASKS, body, **key)

    first, again = (adder.post(TASKS, body, **key) for _ in "12")

    assert full.json().keys() > {"id", "title"}
    assert first.json().keys() == again.json().keys() == {"id"}
    assert first.json() == again.json() != {"id": full.json()["id"]}
    assert again["Idempotency-Replayed"] == "true"


def test_stored_answers_end_with_the_scopes(alice, api_with):
    token, text = token_of(alice, WRITE)
    body, key = {"title": "Milk"}, {"headers": {"Idempotency-Key": "same"}}
    api_with(text).post(TASKS, body, **key)
    type(token).objects.filter(pk=token.pk).update(scopes=APPEND)

    again = api_with(text).post(TASKS, body, **key)

    assert again.json().keys() == {"id"}


# --- Some lists -------------------------------------------------------------------


@pytest.fixture
def limited(alice, api_with, home):
    """A client that may do everything in the list Home."""
    return api_with(text_of(alice, lists=[home.pk]))


@pytest.fixture
def secret(alice, work):
    return TaskFactory(
        owner=alice, title="Secret", list_id=work.pk, labels=["hidden"], due_date=None
    )


def test_only_tasks_of_its_lists_are_listed(alice, limited, home, work, secret):
    seen = TaskFactory(owner=alice, title="Seen", list_id=home.pk)
    for query in (
        {},
        {"view": "all"},
        {"q": "s"},
        {"list": [str(work.pk), str(home.pk)]},
        {"label": ""},
    ):
        found = limited.get(TASKS, query).json()["results"]
        assert [task["id"] for task in found] == [str(seen.pk)], query
    assert limited.get(TASKS, {"list": str(work.pk)}).json()["results"] == []
    plan = limited.get("/api/me/tasks")
    assert [task["id"] for task in plan.json()] == [str(seen.pk)]
    assert plan["X-Total-Count"] == "1"
    lists = limited.get("/api/v1/lists").json()["results"]
    assert [one["name"] for one in lists] == ["Home"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", f"{TASKS}/<id>", None),
        ("put", f"{TASKS}/<id>", {"title": "x"}),
        ("patch", f"{TASKS}/<id>", {"title": "x"}),
        ("delete", f"{TASKS}/<id>", None),
        ("post", f"{TASKS}/<id>/complete", {}),
        ("post", f"{TASKS}/<id>/reopen", {}),
        ("post", f"{TASKS}/<id>/restore", {}),
        ("post", f"{TASKS}/<id>/skip", {}),
        ("post", f"{TASKS}/<id>/move", {"list": "<home>"}),
        ("post", f"{TASKS}/bulk", {"ids": ["<id>"], "action": "complete"}),
        ("post", TASKS, {"title": "x", "parent": "<id>"}),
        ("get", "/api/me/tasks/<id>", None),
        ("put", "/api/me/tasks/<id>", {"title": "x"}),
        ("patch", "/api/me/tasks/<id>/complete", {}),
        ("delete", "/api/me/tasks/<id>", None),
        ("get", "/api/v1/lists/<list>", None),
        ("post", TASKS, {"title": "x", "list": "<list>"}),
        ("post", f"{TASKS}/<own>/move", {"list": "<list>"}),
        ("post", f"{TASKS}/<own>/move", {"after": "<id>"}),
        ("patch", f"{TASKS}/<own>", {"list": "<list>"}),
        ("patch", f"{TASKS}/<own>", {"parent": "<id>"}),
        (
            "post",
            f"{TASKS}/bulk",
            {"ids": ["<own>"], "action": "move", "list": "<list>"},
        ),
        ("post", f"{TASKS}/quick", {"text": "x", "defaults": {"list": "<list>"}}),
    ],
)
def test_what_is_elsewhere_answers_as_if_it_did_not_exist(
    alice, limited, home, work, secret, method, path, body
):
    own = TaskFactory(owner=alice, list_id=home.pk)
    before = Task.objects.filter(pk=secret.pk).values().get()

    def send(task, other):
        names = {
            "<id>": str(task),
            "<list>": str(other),
            "<home>": str(home.pk),
            "<own>": str(own.pk),
        }

        def filled(text):
            for name, value in names.items():
                text = text.replace(name, value)
            return text

        data = None if body is None else json.loads(filled(json.dumps(body)))
        answer = getattr(limited, method)(filled(path), data)
        return answer.status_code, answer.content

    elsewhere, nowhere = send(secret.pk, work.pk), send(uuid4(), uuid4())

    assert elsewhere == nowhere
    assert elsewhere[0] in {400, 404, 422}
    assert Task.objects.filter(pk=secret.pk).values().get() == before
    own.refresh_from_db()
    assert (own.list_id, own.parent_id) == (home.pk, None)


def test_tasks_without_a_list_go_to_one_of_its_lists(alice, limited, home, work):
    one = limited.post(TASKS, {"title": "One"})
    quick = limited.post(f"{TASKS}/quick", {"text": "Two\nThree #Secret work"})
    plan = limited.post("/api/me/tasks", {"title": "Four"})

    assert {one.status_code, quick.status_code, plan.status_code} == {201}
    assert set(alice.tasks.values_list("list", flat=True)) == {home.pk}
    assert alice.tasks.filter(title="Three #Secret work").exists()


def test_it_creates_no_lists(alice, limited):
    body = {"text": "Milk #Garden", "new_lists": ["Garden"]}

    answer = limited.post(f"{TASKS}/quick", body)

    assert answer.status_code == 403
    assert answer.json()["code"] == "limited_to_lists"
    assert not alice.task_lists.filter(name="Garden").exists()


def test_a_deleted_list_matches_nothing(alice, limited, home):
    TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice), list_id=home.pk)

    assert limited.get(TASKS).json()["results"] == []
    refused = limited.post(TASKS, {"title": "x"})
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"list": ["There is no such list."]}
    quick = limited.post(f"{TASKS}/quick", {"text": "x"})
    assert quick.status_code == 400


@pytest.mark.parametrize("name", ["json", "csv", "ics", "markdown"])
def test_the_export_has_only_its_lists(alice, limited, home, work, secret, name):
    TaskFactory(owner=alice, title="Seen", list_id=home.pk, labels=["shown"])

    answer = limited.get(f"/api/v1/export/{name}")

    text = b"".join(answer.streaming_content).decode()
    assert "Seen" in text
    for hidden in ("Secret", "hidden", str(secret.pk), str(work.pk)):
        assert hidden not in text


def test_the_next_occurrence_elsewhere_stays_there(alice, limited, home, work):
    task = TaskFactory(
        owner=alice,
        list_id=home.pk,
        due_date="2027-01-01",
        rrule="FREQ=DAILY",
        rrule_anchor="due",
    )
    following = actions.complete_task(caller_of(alice), task_id=task.pk).next
    actions.move_task(caller_of(alice), task_id=following.pk, to=work.pk)
    count = alice.changes.count()

    done = limited.post(f"{TASKS}/{task.pk}/complete")
    assert done.json()["next"] is None
    bulk = limited.post(f"{TASKS}/bulk", {"ids": [str(task.pk)], "action": "complete"})
    assert bulk.json()["tasks"][0]["next"] is None
    assert alice.changes.count() == count
    assert limited.post(f"{TASKS}/{task.pk}/reopen").status_code == 200
    assert alice.tasks.filter(pk=following.pk).exists()


def test_a_task_is_not_restored_into_another_list(alice, limited, home):
    caller = caller_of(alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_task(caller, task_id=task.pk)
    actions.trash_list(caller, list_id=home.pk)

    assert limited.post(f"{TASKS}/{task.pk}/restore").status_code == 400
    task.refresh_from_db()
    assert task.trashed_at is not None
    assert task.list_id == home.pk


def test_a_step_whose_task_moved_is_not_restored_there(alice, limited, home, work):
    caller = caller_of(alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    actions.trash_task(caller, task_id=step.pk)
    actions.move_task(caller, task_id=task.pk, to=work.pk)

    answer = limited.post(f"{TASKS}/{step.pk}/restore")

    assert answer.status_code == 200
    step.refresh_from_db()
    assert (step.list_id, step.parent_id) == (home.pk, None)


def test_it_deletes_nothing_permanently(alice, limited, home):
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    answer = limited.delete(f"{TASKS}/{task.pk}?permanent=true")

    assert answer.status_code == 403
    assert answer.json()["code"] == "limited_to_lists"
    assert alice.tasks.filter(pk=task.pk).exists()


def test_an_export_needs_more_than_reading(alice, api_with):
    reader = api_with(text_of(alice, READ))
    exporter = api_with(text_of(alice, EXPORT))

    assert reader.get("/api/v1/export").status_code == 403
    assert exporter.get("/api/v1/export").status_code == 200
    assert exporter.get(TASKS).status_code == 200
