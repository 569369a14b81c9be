from django.urls import reverse

from tests.factories import TaskFactory


def test_shows_a_task_to_its_owner(api_as, alice):
    task = TaskFactory(owner=alice, title="Buy milk")

    response = api_as(alice).get(reverse("api:task-detail", args=[task.pk]))

    assert response.status_code == 200
    assert response.json()["title"] == "Buy milk"


def test_hides_another_users_task(api_as, alice, bob):
    task = TaskFactory(owner=alice)

    response = api_as(bob).get(reverse("api:task-detail", args=[task.pk]))

    assert response.status_code == 404
