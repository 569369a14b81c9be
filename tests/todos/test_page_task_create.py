from datetime import date, time

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, kinds
from todos.models import Task

URL = reverse("todos:task-create")


def test_adds_a_task_by_its_title_to_the_inbox(page_as, alice):
    response = page_as(alice).post(URL, {"title": " Buy milk "})

    task = Task.objects.get(owner=alice)
    assert (response.status_code, response.url) == (303, "/")
    assert (task.title, task.priority, task.list.is_inbox) == ("Buy milk", 3, True)
    assert kinds(alice) == ["created"]


def test_adds_a_task_with_everything(page_as, alice):
    home = TaskListFactory(owner=alice)
    written = {
        "title": "Pay the rent",
        "notes": "By transfer.\r\nNot in cash.",
        "list": str(home.pk),
        "priority": "1",
        "due_date": "2027-02-28",
        "due_time": "09:30",
        "repeat": "FREQ=MONTHLY",
        "labels": "home, Money, home,",
        "next": reverse("todos:list-detail", args=[home.pk]),
    }

    response = page_as(alice).post(URL, written)

    task = Task.objects.with_labels().get(owner=alice)
    assert response.url == written["next"]
    assert task.notes == "By transfer.\nNot in cash."
    assert (task.list, task.priority) == (home, 1)
    assert (task.due_date, task.due_time) == (date(2027, 2, 28), time(9, 30))
    assert (task.rrule, task.rrule_anchor) == ("FREQ=MONTHLY", "due")
    assert task.label_names == ["home", "Money"]


def test_prefills_the_full_form_from_the_query_string(page_as, alice):
    response = page_as(alice).get(URL, {"title": "Buy milk", "due_date": "2027-01-05"})

    page = response.content.decode()
    assert 'value="Buy milk"' in page
    assert 'value="2027-01-05"' in page


def test_requires_a_sign_in(client, db):
    assert asks_to_sign_in(client.get(URL))
    assert asks_to_sign_in(client.post(URL, {"title": "Buy milk"}))
    assert not Task.objects.exists()


def test_refuses_a_list_of_another_user_like_a_missing_one(page_as, alice, bob):
    theirs = TaskListFactory(owner=bob)
    client = page_as(alice)

    answers = [
        client.post(URL, {"title": "Buy milk", "list": str(pk)}).context["form"].errors
        for pk in (theirs.pk, ABSENT)
    ]

    assert answers[0] == answers[1] == {"list": ["There is no such list."]}
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\x1bb"}, "title"),
        ({"notes": "x" * 20_001}, "notes"),
        ({"notes": "a\x00b"}, "notes"),
        ({"list": "abc"}, "list"),
        ({"list": "\x00"}, "list"),
        ({"list": "1" * 5000}, "list"),
        ({"priority": "5"}, "priority"),
        ({"priority": "9" * 5000}, "priority"),
        ({"due_date": "2027-02-30"}, "due_date"),
        ({"due_date": "1066-10-14"}, "due_date"),
        ({"due_date": "9999-12-31"}, "due_date"),
        ({"due_date": "\x00"}, "due_date"),
        ({"due_time": "25:00", "due_date": "2027-01-01"}, "due_time"),
        ({"due_time": "10:00"}, "due_time"),
        ({"repeat": "FREQ=SECONDLY", "due_date": "2027-01-01"}, "repeat"),
        ({"labels": "a\x00b"}, "labels"),
        ({"labels": "x" * 51}, "labels"),
        # Case folding turns each of these letters into three.
        ({"labels": "\N{LATIN SMALL LIGATURE FFI}" * 50}, "labels"),
        ({"labels": ",".join(map(str, range(21)))}, "labels"),
    ],
)
def test_refuses_bad_input_and_shows_it_again(page_as, alice, written, field):
    written = {"title": "Buy milk"} | written

    response = page_as(alice).post(URL, written)

    form = response.context["form"]
    assert response.status_code == 200
    assert list(form.errors) == [field]
    assert f'aria-describedby="id_{field}' in response.content.decode()
    assert "Please correct the following" in response.content.decode()
    assert form["title"].value() == written["title"]
    assert not Task.objects.exists()
    assert kinds(alice) == []


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "/\x00",
        "/" + "x" * 2000,
        "http://[",
    ],
)
def test_redirects_to_no_other_site(page_as, alice, elsewhere):
    response = page_as(alice).post(URL, {"title": "Buy milk", "next": elsewhere})

    assert (response.status_code, response.url) == (303, "/")


def test_uses_one_value_of_a_repeated_field(page_as, alice):
    page_as(alice).post(URL, {"title": ["Buy milk", "Buy bread"]})

    assert Task.objects.get(owner=alice).title == "Buy bread"


def test_ignores_an_owner_in_the_form(page_as, alice, bob):
    page_as(alice).post(URL, {"title": "Buy milk", "owner": str(bob.pk)})

    assert Task.objects.get().owner == alice


def test_offers_to_undo_it(page_as, alice):
    response = page_as(alice).post(URL, {"title": "Buy <b>milk</b>"}, follow=True)

    page = response.content.decode()
    assert "Added: Buy &lt;b&gt;milk&lt;/b&gt;" in page
    batch = alice.changes.get().batch
    assert f'action="{reverse("todos:undo", args=[batch])}"' in page


def test_requires_a_csrf_token(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        alice, backend="allauth.account.auth_backends.AuthenticationBackend"
    )

    response = client.post(URL, {"title": "Buy milk"})

    assert response.status_code == 403
    assert "This page has expired" in response.content.decode()
    assert not Task.objects.exists()
