"""The life of a task in a front end that was written for the plan."""

import json
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts import tokens
from tests.factories import UserFactory

# (method, path below /api/{user_id}, body, status, what the response must contain).
# `{id}` is the id of the task that was created last. `ABSENT` means no body.
ABSENT = object()
LIFE = [
    ("GET", "/tasks", ABSENT, 200, []),
    (
        "POST",
        "/tasks",
        {"title": "Pay rent", "description": "By transfer"},
        201,
        {"title": "Pay rent", "description": "By transfer", "completed": False},
    ),
    ("GET", "/tasks/{id}", ABSENT, 200, {"title": "Pay rent", "status": "pending"}),
    ("PATCH", "/tasks/{id}/complete", ABSENT, 200, {"completed": True}),
    ("GET", "/tasks?status=completed", ABSENT, 200, ["Pay rent"]),
    ("GET", "/tasks?status=pending", ABSENT, 200, []),
    ("PATCH", "/tasks/{id}/complete", {}, 200, {"completed": False}),
    ("PUT", "/tasks/{id}", {"title": "Pay the rent"}, 200, {"title": "Pay the rent"}),
    (
        "PUT",
        "/tasks/{id}/",
        {"priority": "high", "tags": ["home"], "dueDate": "2027-03-01T00:00:00.000Z"},
        200,
        {"priority": "high", "tags": ["home"], "due_date": "2027-03-01"},
    ),
    ("PUT", "/tasks/{id}", {"recurrence": "monthly"}, 200, {"recurrence": "monthly"}),
    ("POST", "/tasks/", {"title": "Call mum", "dueDate": ""}, 201, {"dueDate": None}),
    ("GET", "/tasks?sort=title", ABSENT, 200, ["Call mum", "Pay the rent"]),
    ("GET", "/tasks/?search=RENT&tag=home", ABSENT, 200, ["Pay the rent"]),
    ("POST", "/tasks", {"title": "  "}, 422, {}),
    (
        "PATCH",
        "/tasks/{id}/complete",
        {"completed": True},
        200,
        {"status": "completed"},
    ),
    ("DELETE", "/tasks/{id}", ABSENT, 204, None),
    ("DELETE", "/tasks/{id}", ABSENT, 404, {}),
    ("GET", "/tasks/{id}", ABSENT, 404, {}),
    ("GET", "/tasks", ABSENT, 200, ["Pay the rent"]),
]


@pytest.fixture
def fetch(live_server, transactional_db):
    """Call the running server as `fetch` in a browser does, with a token."""
    user = UserFactory()
    token = tokens.start_family(user=user, at=timezone.now()).access

    def fetch(method, path, body):
        connection = HTTPConnection(live_server.thread.host, live_server.thread.port)
        headers = {
            "Accept": "*/*",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }
        sent = None if body is ABSENT else json.dumps(body)
        connection.request(method, f"/api/{user.pk}{path}", sent, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return SimpleNamespace(
            status=response.status, body=json.loads(text) if text else None
        )

    return fetch


def test_a_front_end_of_the_plan_can_work_with_a_task(fetch):
    task_id = None

    for method, path, body, status, expected in LIFE:
        response = fetch(method, path.format(id=task_id), body)

        step = f"{method} {path} {body}"
        assert response.status == status, step
        if isinstance(expected, list):
            assert [task["title"] for task in response.body] == expected, step
        elif expected is None:
            assert response.body is None, step
        else:
            assert expected.items() <= response.body.items(), step
        if status == 201:
            task_id = response.body["id"]
        if status >= 400:
            assert response.body["detail"] == response.body["error"]["message"], step
