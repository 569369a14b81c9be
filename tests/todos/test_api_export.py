import json
import tempfile

import pytest
from django.urls import reverse

from config import whole_file
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change

URL = "/api/v1/export"
FORMATS = ["json", "csv", "ics", "markdown"]


def body_of(response):
    return b"".join(response.streaming_content)


def test_exports_everything_as_a_file_named_by_the_day(api_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk")

    response = api_as(alice).get(reverse("api:export"))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    name = response["Content-Disposition"].removeprefix("attachment; filename=")
    assert name.startswith('"ownlist-20')
    assert name.endswith('.json"')
    assert response["Cache-Control"] == "no-store"
    body = body_of(response)
    assert int(response["Content-Length"]) == len(body)
    assert [row["id"] for row in json.loads(body)["tasks"]] == [str(task.pk)]


@pytest.mark.parametrize(
    ("name", "media_type", "suffix"),
    [
        ("json", "application/json", "json"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("ics", "text/calendar; charset=utf-8", "ics"),
        ("markdown", "text/markdown; charset=utf-8", "md"),
    ],
)
def test_each_format_declares_itself(api_as, alice, name, media_type, suffix):
    TaskFactory(owner=alice, title="Buy milk")

    response = api_as(alice).get(URL, {"format": name})

    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"].endswith(f'.{suffix}"')
    assert b"Buy milk" in body_of(response)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", FORMATS)
def test_the_route_of_a_format_is_the_same_file(api_as, alice, name, slash):
    TaskFactory(owner=alice, title="Buy milk")
    client = api_as(alice)

    by_query = client.get(URL, {"format": name})
    # `Accept` does not matter: clients send that of their generator.
    by_route = client.get(f"{URL}/{name}{slash}", headers={"Accept": "text/html"})

    assert body_of(by_route) == body_of(by_query)
    for header in ("Content-Type", "Content-Disposition", "Content-Length"):
        assert by_route[header] == by_query[header]


def test_all_routes_count_in_one_limit(api_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"export": (2, 10**10)}
    client = api_as(alice)

    answers = [client.get(path) for path in (f"{URL}/csv", URL, f"{URL}/ics")]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


@pytest.mark.parametrize("name", FORMATS)
def test_an_account_without_tasks_has_an_export(api_as, alice, name):
    assert body_of(api_as(alice).get(URL, {"format": name}))


@pytest.mark.parametrize("accept", ["text/csv", "*/*", "application/json", "text/html"])
def test_the_format_of_the_query_overrides_the_accept_header(api_as, alice, accept):
    response = api_as(alice).get(URL, {"format": "csv"}, headers={"Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_a_large_export_is_buffered_on_disk_and_identical(api_as, alice, monkeypatch):
    TaskFactory(owner=alice, title="Buy milk")
    client = api_as(alice)
    small = body_of(client.get(URL))
    files = []

    def on_disk():
        files.append(tempfile.NamedTemporaryFile())  # noqa: SIM115 - the answer closes it
        return files[-1]

    monkeypatch.setattr(whole_file, "IN_MEMORY", 10)
    monkeypatch.setattr(whole_file.tempfile, "TemporaryFile", on_disk)

    assert body_of(client.get(URL)) == small
    assert [file.closed for file in files] == [True]


def test_anonymous_is_refused(api, db):
    assert api.get(URL).status_code == 401


@pytest.mark.parametrize("name", FORMATS)
def test_holds_nothing_of_another_user(api_as, alice, bob, name):
    theirs = TaskListFactory(owner=bob, name="Bobs list")
    TaskFactory(owner=bob, list_id=theirs.pk, title="Bobs secret", labels=["bobs"])
    TaskFactory(owner=alice, title="Buy milk")

    client = api_as(alice)
    body = body_of(client.get(URL, {"format": name}))
    body += body_of(client.get(f"{URL}/{name}"))

    assert b"bobs" not in body.lower()


@pytest.mark.parametrize("value", ["pdf", "JSON", "../json"])
def test_an_unknown_format_is_named(api_as, alice, value):
    response = api_as(alice).get(URL, {"format": value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["format"]


def test_allows_only_reading(api_as, alice):
    TaskFactory(owner=alice)
    changes = Change.objects.count()

    response = api_as(alice).post(URL, {})

    assert response.status_code == 405
    body_of(api_as(alice).get(URL))
    assert Change.objects.count() == changes


def test_the_number_of_queries_does_not_depend_on_the_number_of_tasks(
    api_as, alice, django_assert_num_queries
):
    client = api_as(alice)
    parent = TaskFactory(owner=alice, labels=["a"])
    TaskFactory(owner=alice, parent_id=parent.pk)
    body_of(client.get(URL))
    # One of them counts the request in the limit of exports, and three record it.
    with django_assert_num_queries(12) as few:
        body_of(client.get(URL))

    for _ in range(20):
        TaskFactory(owner=alice, labels=["a", "b"])
    with django_assert_num_queries(len(few)):
        body_of(client.get(URL))
