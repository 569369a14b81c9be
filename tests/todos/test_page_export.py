"""The page that exports tasks as a file."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.files import a_full_account, exported, import_for
from tests.todos.pages import asks_to_sign_in
from todos import actions
from todos.exports.formats import FORMATS
from todos.models import Task
from todos.pages.exporting import KEEPS

URL = reverse("todos:export")
ALL = {"list": "", "completed": "on", "trash": "on"}


def download(client, name="json", **fields):
    return client.post(URL, {"format": name, **ALL, **fields}).getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_downloads_everything(page_as, alice, name):
    a_full_account(alice)

    response = page_as(alice).post(URL, {"format": name, **ALL})

    assert response.getvalue() == exported(alice, name)
    assert f".{FORMATS[name].suffix}" in response["Content-Disposition"]
    assert response["Content-Type"] == FORMATS[name].media_type


def test_says_what_every_format_keeps(page_as, alice):
    page = page_as(alice).get(URL).content.decode()

    assert set(KEEPS) == set(FORMATS)
    assert all(text in page for _, text in KEEPS.values())


@pytest.mark.parametrize("name", FORMATS)
def test_exports_one_list(page_as, alice, name):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, title="Elsewhere")
    task = TaskFactory(owner=alice, title="Vacuum", list_id=home.pk)
    TaskFactory(owner=alice, title="Corners", parent_id=task.pk)

    body = download(page_as(alice), name, list=str(home.pk)).decode()

    assert "Vacuum" in body and "Corners" in body
    assert "Elsewhere" not in body


def test_leaves_out_what_is_completed_or_in_the_trash_with_its_steps(page_as, alice):
    kept, done, trashed = (
        TaskFactory(owner=alice, title=title) for title in ("Kept", "Done", "Trashed")
    )
    for task in (kept, done, trashed):
        TaskFactory(owner=alice, title=f"Step of {task.title}", parent_id=task.pk)
    at = NOON + timedelta(hours=1)
    actions.complete_task(caller_of(alice, at), task_id=done.pk)
    actions.trash_task(caller_of(alice, at), task_id=trashed.pk)
    Task.objects.filter(parent=done).update(completed_at=None)

    body = download(page_as(alice), completed="", trash="")

    titles = {task["title"] for task in json.loads(body)["tasks"]}
    assert titles == {"Kept", "Step of Kept"}


def test_the_export_of_one_list_can_be_imported(page_as, alice, bob):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, title="Vacuum", list_id=home.pk)

    report = import_for(bob, download(page_as(alice), list=str(home.pk)))

    assert report.errors == []
    assert Task.objects.get(owner=bob).list.name == "Home"


def test_a_list_of_another_user_does_not_exist(page_as, alice, bob):
    theirs = TaskListFactory(owner=bob)

    response = page_as(alice).post(URL, {"format": "json", "list": str(theirs.pk)})

    assert response.status_code == 200
    assert "list" in response.context["form"].errors


def test_exports_are_limited_by_user(page_as, alice, monkeypatch, one_rate_window):
    monkeypatch.setitem(settings.RATE_LIMITS, "export", (1, 3600))
    browser = page_as(alice)
    browser.post(URL, {"format": "json"})

    assert browser.post(URL, {"format": "json"}).status_code == 429


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))
    assert asks_to_sign_in(client.post(URL, {"format": "json"}))


def test_takes_few_queries(page_as, alice, django_assert_max_num_queries):
    browser = page_as(alice)
    for number in range(20):
        TaskListFactory(owner=alice, name=f"List {number}")

    with django_assert_max_num_queries(6):
        browser.get(URL)
