"""A page takes few queries, with and without the details of a task beside it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.personal_tokens import token_of
from todos import actions
from todos.models import Label
from todos.pages.urls import urlpatterns

QUERIES_MAX = 6
MORE = 7  # it also lists the lists in the trash, or what the token did
# They need what other tests have: an import, a change, a token, a task in the trash.
ELSEWHERE = {
    "import-check",
    "quick-again",
    "reminders",
    "task-bring-back",
    "task-remove",
    "task-set",
    "undo",
    "undo-last",
}
NAMES = sorted({route.name for route in urlpatterns} - ELSEWHERE)


@pytest.fixture
def shown(alice):
    """The ids of a task, a list, a label and an access token, beside many others."""
    home = TaskListFactory(owner=alice)
    for number in range(5):
        step_of = TaskFactory(owner=alice, list_id=home.pk, labels=["a", f"b{number}"])
        TaskFactory.create_batch(2, owner=alice, parent_id=step_of.pk)
        gone = TaskFactory(owner=alice)
        actions.trash_task(caller_of(alice), task_id=gone.pk)
        TaskListFactory(owner=alice)
    label = Label.objects.owned_by(alice).get(name="a")
    token, _ = token_of(alice)
    ids = {"task": step_of.pk, "list": home.pk, "label": label.pk}
    return ids | {"token": token.pk}


@pytest.mark.parametrize("query", ["", "?task={task}"])
@pytest.mark.parametrize("name", NAMES)
def test_takes_few_queries(page_as, alice, shown, name, query):
    key = shown.get(name.partition("-")[0], shown["task"])
    [route] = [one for one in urlpatterns if one.name == name]
    url = reverse(f"todos:{name}", args=[key] if "<" in str(route.pattern) else [])
    client = page_as(alice)
    client.get(url)  # Django asks the database once what it can do
    is_more = name == "token" or (query and name == "task-trash")
    most = MORE if is_more else QUERIES_MAX

    with CaptureQueriesContext(connection) as queries:
        page = client.get(url + query.format(**shown))

    assert page.status_code in {200, 302, 405}
    assert len(queries) <= most, [one["sql"][:200] for one in queries]
