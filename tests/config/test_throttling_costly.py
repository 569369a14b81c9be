"""Expensive operations have limits of their own, by user."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.factories import TaskFactory
from todos.models import Change

pytestmark = pytest.mark.usefixtures("one_rate_window")


@pytest.fixture(autouse=True)
def _limits(settings):
    """Allow two of each in a window that doesn't end."""
    small = dict.fromkeys(("undo", "export", "import"), (2, 10**10))
    settings.RATE_LIMITS = settings.RATE_LIMITS | small


def undo(client):
    return client.post(reverse("api:undo"))


def export(client):
    return client.get(reverse("api:export"))


def bring_in(client):
    file = SimpleUploadedFile("tasks.csv", b"title\na\n")
    body = {"file": file, "format": "csv"}
    return client.post(reverse("api:import"), body, format="multipart")


ACTS = pytest.mark.parametrize(
    ("scope", "act"), [("undo", undo), ("export", export), ("import", bring_in)]
)


@ACTS
def test_beyond_the_limit_the_response_is_429_and_nothing_changes(
    api_as, alice, bob, scope, act
):
    for number in range(4):
        TaskFactory(owner=alice, title=f"Task {number}")
    client = api_as(alice)

    answers = [act(client) for _ in range(3)]
    count = Change.objects.count()
    refused = act(client)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["code"] == "throttled"
    assert f'"{scope}";q=2;w=10000000000' in refused.headers["RateLimit-Policy"]
    assert Change.objects.count() == count
    # It also counts as one of the user's requests, and separately for each user.
    assert '"user";q=' in refused.headers["RateLimit-Policy"]
    TaskFactory(owner=bob)
    assert act(api_as(bob)).status_code == 200


@ACTS
def test_an_options_request_is_not_counted(api_as, alice, scope, act):
    TaskFactory(owner=alice)
    client = api_as(alice)
    for _ in range(5):
        client.options(reverse(f"api:{scope}"))

    assert act(client).status_code == 200


def test_pages_and_api_share_the_limit_of_undo(api_as, page_as, alice):
    for number in range(4):
        TaskFactory(owner=alice, title=f"Task {number}")
    batches = list(alice.changes.order_by("-seq").values_list("batch", flat=True))
    page = page_as(alice)

    assert undo(api_as(alice)).status_code == 200
    first = page.post(reverse("todos:undo", args=[batches[1]]))
    second = page.post(reverse("todos:undo", args=[batches[2]]))

    assert first.status_code == 303
    assert second.status_code == 429
    assert int(second.headers["Retry-After"]) > 0
    assert alice.tasks.count() == 2
