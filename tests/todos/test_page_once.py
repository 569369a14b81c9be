"""Forms that a browser sends again with the same `Idempotency-Key`."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory
from todos.models import IdempotentAnswer, Task

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
LINE = {"text": "Buy milk", "next": "/inbox/"}


def test_adds_once(page_as, alice):
    page = page_as(alice)

    answers = [page.post("/quick/", LINE, headers=KEY) for _ in range(3)]

    assert [(one.status_code, one.url) for one in answers] == [(303, "/inbox/")] * 3
    assert Task.objects.filter(title="Buy milk").count() == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "x" * 256}])
def test_adds_each_time_without_a_valid_key(page_as, alice, headers):
    page = page_as(alice)

    for _ in range(2):
        page.post("/quick/", LINE, headers=headers)

    assert Task.objects.filter(title="Buy milk").count() == 2


def test_the_same_key_of_another_user_is_another_key(page_as, alice, bob):
    for user in (alice, bob):
        page_as(user).post("/quick/", LINE, headers=KEY)

    assert {task.owner_id for task in Task.objects.all()} == {alice.pk, bob.pk}


def test_a_form_with_errors_leaves_its_key_free(page_as, alice):
    page = page_as(alice)
    assert page.post("/quick/", {"text": ""}, headers=KEY).status_code == 422

    page.post("/quick/", LINE, headers=KEY)

    assert Task.objects.filter(title="Buy milk").count() == 1


def test_completes_a_repeating_task_once(page_as, alice):
    task = TaskFactory(owner=alice, rrule="FREQ=DAILY", due_date=timezone.now().date())
    path = reverse("todos:task-complete", args=[task.pk])

    for _ in range(2):
        assert page_as(alice).post(path, headers=KEY).status_code == 303

    assert Task.objects.count() == 2
    assert IdempotentAnswer.objects.count() == 1
