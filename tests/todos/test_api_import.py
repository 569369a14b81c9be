import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts import tokens
from tests.factories import TaskFactory
from tests.todos.files import (
    a_full_account,
    document_of,
    exported,
    id_of,
    sealed,
    stored,
)
from todos.api import files as files_api
from todos.models import Change, Task

URL = "/api/v1/import"
TABLES = Path(__file__).parents[1] / "data" / "tables"
TABLE = "title,priority\nBuy milk,1\nCall Ann,2\n"


def send(client, body, name="csv", **fields):
    if isinstance(body, str):
        body = body.encode()
    file = SimpleUploadedFile("tasks", body)
    return client.post(URL, {"file": file, "format": name} | fields, format="multipart")


def test_imports_the_tasks_of_a_table_in_one_batch(api_as, alice):
    response = send(api_as(alice), TABLE)

    assert response.status_code == 200
    report = response.json()
    assert report == {
        "batch": report["batch"],
        "created": 2,
        "skipped": 0,
        "errors": [],
        "notices": [],
    }
    tasks = Task.objects.filter(owner=alice).order_by("position")
    assert list(tasks.values_list("title", "priority")) == [
        ("Buy milk", 1),
        ("Call Ann", 2),
    ]
    changes = Change.objects.filter(batch=report["batch"]).order_by("seq")
    assert [change.after["title"] for change in changes] == ["Buy milk", "Call Ann"]
    assert {change.credential.partition(":")[0] for change in changes} == {"token"}


def test_its_batch_can_be_undone(api_as, alice):
    client = api_as(alice)
    batch = send(client, TABLE).json()["batch"]

    response = client.post("/api/v1/undo", {"batch": batch}, format="json")

    assert response.status_code == 200
    assert not Task.objects.filter(owner=alice, trashed_at=None).exists()


def test_an_archive_of_another_account_is_imported_completely(api_as, alice, bob):
    a_full_account(alice)

    response = send(api_as(bob), exported(alice), "json")

    assert response.json()["created"] == 15
    assert send(api_as(bob), exported(alice), "json").json()["created"] == 0


def test_a_dry_run_reports_and_stores_nothing(api_as, alice):
    before = stored(alice)

    response = send(api_as(alice), TABLE, dry_run="true")

    assert response.status_code == 200
    assert (response.json()["batch"], response.json()["created"]) == (None, 2)
    assert stored(alice) == before


def test_an_invalid_row_prevents_the_whole_import(api_as, alice):
    before = stored(alice)
    table = "title,priority,due_date\nBuy milk,1,\n,9,soon\nCall Ann,2,\n"

    response = send(api_as(alice), table)

    assert response.status_code == 400
    problem = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert problem["code"] == "import_refused"
    assert problem["detail"] == "file: Row 3, title: This field may not be blank."
    assert problem["report"]["batch"] is None
    assert problem["report"]["created"] == 0
    assert problem["report"]["errors"] == [
        {"row": 3, "field": "title", "message": "This field may not be blank."},
        {"row": 3, "field": "priority", "message": "Must be an integer from 1 to 4."},
        {
            "row": 3,
            "field": "due_date",
            "message": "Must be a date such as 2027-02-28.",
        },
    ]
    assert stored(alice) == before


def test_a_dry_run_with_invalid_rows_is_a_success(api_as, alice):
    response = send(api_as(alice), "title\n\nok\n" + "x" * 501 + "\n", dry_run="1")

    assert response.status_code == 200
    assert response.json()["errors"] == [
        {"row": 4, "field": "title", "message": "Use at most 500 characters."}
    ]


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_the_report_of_10000_invalid_rows_is_bounded(api_as, alice, dry_run):
    table = "title,priority,due_date\n" + ",9,soon\n" * 10_000

    response = send(api_as(alice), table, dry_run=dry_run)

    body = response.json()
    errors = body.get("report", body)["errors"]
    assert len(errors) == 1_001
    assert errors[-1] == {
        "row": None,
        "field": "",
        "message": "Only the first 1000 of 30000 errors are listed.",
    }
    assert len(response.content) < 100_000
    assert not Task.objects.exists()


def test_the_report_of_many_notices_counts_those_it_omits(api_as, alice):
    table = "TYPE,CONTENT,DATE\n" + "task,a,soon or later\n" * 2_000

    report = send(api_as(alice), table, "todoist", dry_run="true").json()

    assert (report["created"], report["errors"]) == (2_000, [])
    assert len(report["notices"]) == 1_001
    assert report["notices"][-1] == {
        "row": None,
        "field": "",
        "message": "Only the first 1000 of 2000 notices are listed.",
    }


@pytest.mark.parametrize("dry_run", ["true", "false"])
@pytest.mark.parametrize("name", ["csv", "todoist", "ics", "json"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"PK\3\4[Content_Types].xml xl/", "Excel"),
        (b"\x89PNG\r\n", "picture"),
        (b"t\0i\0t\0l\0e\0", "UTF-16"),
        ("title\nмолоко\n".encode("cp1251"), "UTF-8"),
    ],
    ids=["pdf", "xlsx", "png", "utf-16", "cp1251"],
)
def test_a_file_of_another_kind_is_named(api_as, alice, body, words, name, dry_run):
    if name == "todoist" and body.startswith(b"PK"):
        words = "archive"

    response = send(api_as(alice), body, name, dry_run=dry_run)

    assert response.status_code == 400
    [message] = response.json()["errors"]["file"]
    assert words in message
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("csv", TABLES / "zoned.csv"),
        ("csv", TABLES / "start-with-time.csv"),
        ("csv", TABLES / "child-first.csv"),
        ("csv", b"title,due_date\na,03/04/2027\nb,2027-02-10\n"),
        ("csv", "title\nKäse\n".encode("cp1252")),
        ("todoist", TABLES / "todoist-dates.csv"),
        ("todoist", TABLES / "todoist-file.csv"),
        ("todoist", TABLES / "todoist-labels.csv"),
        ("todoist", b"TYPE,CONTENT,PRIORITY,DATE\ntask,a,9,soon\nsection,b,,\n"),
    ],
    ids=range(9),
)
def test_a_dry_run_says_what_the_import_will_do(api_as, alice, name, body):
    body = body if isinstance(body, bytes) else body.read_bytes()
    client = api_as(alice)

    foreseen = send(client, body, name, dry_run="true").json()
    before = stored(alice)
    done = send(client, body, name).json()

    done = done.get("report", done)
    assert done | {"batch": None} == foreseen
    created = sum(stored(alice)[:3]) - sum(before[:3])
    assert created == foreseen["created"]


def test_columns_are_mapped(api_as, alice):
    table = "Deadline;What to do;Where\n28.02.2027 9:30;Pay;Home\n"
    mapping = {"title": "what to do", "due_date": "Deadline", "dates": "dmy"}

    response = send(api_as(alice), table, mapping=json.dumps(mapping))

    task = Task.objects.get(owner=alice)
    assert response.status_code == 200
    assert (task.title, str(task.due_date), str(task.due_time)) == (
        "Pay",
        "2027-02-28",
        "09:30:00",
    )
    assert response.json()["notices"] == [
        {"row": 1, "field": "Where", "message": "This column is not imported."}
    ]


@pytest.mark.parametrize(
    "mapping",
    [
        "[]",
        "{",
        "7",
        "[" * 9000,
        '{"title": "no such column"}',
        '{"owner": "title"}',
        '{"title": 7}',
        '{"title": null}',
        '{"notes": "title"}',
        '{"title": "title", "dates": "ydm"}',
    ],
    ids=range(10),
)
def test_an_invalid_mapping_is_named(api_as, alice, mapping):
    response = send(api_as(alice), TABLE, mapping=mapping)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["mapping"]
    assert not Task.objects.exists()


def test_anonymous_is_refused(api, db):
    assert send(api, TABLE).status_code == 401


def test_ids_of_another_user_are_like_unknown_ids(api_as, alice, bob):
    theirs = TaskFactory(owner=bob, title="Bobs")
    known = document_of({"title": "a", "id": str(theirs.pk)}, {"title": "b"})
    unknown = document_of({"title": "a", "id": id_of(77)}, {"title": "b"})
    for document in (known, unknown):
        document["tasks"][1]["parent"] = document["tasks"][0]["id"]
    client = api_as(alice)

    first = send(client, sealed(known), "json", dry_run="true")
    second = send(client, sealed(unknown), "json", dry_run="true")

    assert first.content == second.content
    assert send(client, sealed(known), "json").json()["created"] == 2
    theirs.refresh_from_db()
    assert (theirs.title, theirs.owner_id) == ("Bobs", bob.pk)
    assert Task.objects.filter(owner=bob).count() == 1


def test_a_task_of_another_user_cannot_be_the_parent(api_as, alice, bob):
    theirs = TaskFactory(owner=bob, title="Bobs")
    known = document_of({"title": "a", "parent": str(theirs.pk)})
    unknown = document_of({"title": "a", "parent": id_of(77)})
    client = api_as(alice)

    first = send(client, sealed(known), "json")
    second = send(client, sealed(unknown), "json")

    assert first.status_code == 400
    assert first.content == second.content
    assert first.json()["report"]["errors"] == [
        {
            "row": 1,
            "field": "parent",
            "message": "Its task has an error, or does not come earlier in the file.",
        }
    ]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"format": "csv"}, "file"),
        ({"file": SimpleUploadedFile("a", b"")}, "file"),
        ({"file": SimpleUploadedFile("a", b"title\na\n")}, "format"),
        ({"file": SimpleUploadedFile("a", b"title\na\n"), "format": "xls"}, "format"),
        ({"file": "text", "format": "csv"}, "file"),
        (
            {
                "file": SimpleUploadedFile("a", b"title\na\n"),
                "format": "csv",
                "dry_run": "perhaps",
            },
            "dry_run",
        ),
    ],
    ids=["no file", "empty", "no format", "other format", "no upload", "no choice"],
)
def test_a_form_that_lacks_something_names_it(api_as, alice, fields, named):
    response = api_as(alice).post(URL, fields, format="multipart")

    assert response.status_code == 400
    assert named in response.json()["errors"]
    assert not Task.objects.exists()


def test_json_is_not_accepted_as_a_form(api_as, alice):
    response = api_as(alice).post(URL, {"format": "csv"}, format="json")

    assert response.status_code == 415


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (b"--x\r\ngarbage", "multipart/form-data; boundary=x"),
        (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n1\r\n' % n
                for n in range(2100)
            )
            + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n'
            + b"1" * 1_100_000
            + b"\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
    ids=["none", "no form", "cut off", "many fields", "a long field"],
)
def test_a_body_that_is_not_a_form_is_a_client_error(alice, body, content_type):
    pair = tokens.start_family(user=alice, at=timezone.now())
    client = Client(headers={"Authorization": f"Bearer {pair.access}"})

    response = client.generic("POST", URL, body, content_type)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] in {"invalid", "parse_error"}


def test_too_many_rows_are_refused(api_as, alice, monkeypatch):
    monkeypatch.setattr(files_api, "ROWS_MAX", 2)
    client = api_as(alice)

    assert send(client, TABLE + "Three,3\n").status_code == 413
    assert not Task.objects.exists()
    assert send(client, TABLE).status_code == 200


def test_a_file_that_is_too_large_is_refused(api_as, alice, settings):
    settings.IMPORT_MAX_BYTES = len(TABLE)
    client = api_as(alice)

    assert send(client, TABLE + "x").status_code == 413
    assert send(client, "title\n" + "x" * 100_000).status_code == 413
    assert send(client, TABLE).status_code == 200


def test_with_a_key_it_runs_once(api_as, alice):
    client = api_as(alice)
    client.credentials(**client._credentials, HTTP_IDEMPOTENCY_KEY="once")

    first, second = send(client, TABLE), send(client, TABLE)

    assert first.json() == second.json()
    assert Task.objects.filter(owner=alice).count() == 2


def test_only_the_import_takes_files_and_large_bodies():
    views = {
        route.removesuffix("/"): pattern.callback.cls
        for route, pattern in patterns_of(get_resolver())
        if hasattr(pattern.callback, "cls")
    }

    takes_files = {
        f"/{route}"
        for route, view in views.items()
        if files_api.UploadParser in getattr(view, "parser_classes", ())
    }

    assert takes_files == {URL}
    page = reverse("todos:import").removesuffix("/")
    assert settings.UPLOADS.keys() == {URL, page}


def patterns_of(resolver, prefix=""):
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry
        else:
            yield from patterns_of(entry, route)


@pytest.mark.parametrize("in_form", [True, False])
def test_a_session_imports_with_its_csrf_token(alice, in_form):
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        alice, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    client.get("/accounts/settings/")
    token = client.cookies["ownlist_csrf"].value
    form = {"file": SimpleUploadedFile("a", TABLE.encode()), "format": "csv"}

    response = client.post(
        URL,
        form | ({"csrfmiddlewaretoken": token} if in_form else {}),
        headers={} if in_form else {"X-CSRFToken": token},
    )

    assert response.status_code == 200
    assert response.json()["created"] == 2


def test_a_session_needs_its_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        alice, backend="allauth.account.auth_backends.AuthenticationBackend"
    )

    response = client.post(
        URL, {"file": SimpleUploadedFile("a", TABLE.encode()), "format": "csv"}
    )

    assert response.status_code == 403
    assert not Task.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_refused(api_as, alice, method):
    assert getattr(api_as(alice), method)(reverse("api:import")).status_code == 405
