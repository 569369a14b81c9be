from django.urls import reverse

from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in

URL = reverse("todos:task-inbox")


def test_shows_the_open_tasks_of_the_inbox(page_as, alice):
    home = TaskListFactory(owner=alice)
    inbox_task = TaskFactory(owner=alice)
    TaskFactory(owner=alice, list_id=home.pk)
    TaskFactory(owner=alice, parent_id=inbox_task.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [inbox_task]


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    TaskFactory(owner=alice)

    assert page_as(bob).get(URL).context["groups"] == []


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405


def test_escapes_text(page_as, alice):
    TaskFactory(owner=alice, title="<script>alert(1)</script>", notes="<b>bold</b>")

    page = page_as(alice).get(URL).content.decode()

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
