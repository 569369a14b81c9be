"""What a personal access token may do: every route of the API with each scope.

The table below is decided by hand, and compared with what the endpoints declare and
with what they answer. A token with the scope gets what its user gets; any other is
refused with 403. The user of a token is Alice, who owns the objects, or Bob, for whom
they don't exist.
"""

from collections import Counter

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from config.api.scopes import (
    ACCOUNT,
    APPEND,
    EXPORT,
    READ,
    SCOPES,
    SECURITY,
    WRITE,
    with_included,
)
from config.api.views import Endpoint
from tests.isolation.answers import Asked, note
from tests.personal_tokens import text_of
from tests.test_access_matrix import API, AliceObjects, Row

pytestmark = pytest.mark.unmeasured

PREFIXES = (
    *("api/v1/users/<str:user_id>/", "api/v1/", "api/<user_id:user_id>/"),
    *("api/users/<str:user_id>/", "api/"),
)
TASK = "tasks/<uuid:task_id>"
PLAN_TASK = "tasks/<str:task_id>"
LIST, LABEL = "lists/<uuid:list_id>", "labels/<uuid:label_id>"

# The scope by method, and the methods for which a token that is limited to some lists
# is not refused.
NEEDS = {
    "security-events": ({"GET": SECURITY}, ""),
    "users/me": ({"GET": ACCOUNT, "PATCH": None, "DELETE": None}, "GET"),
    "auth/password": ({"POST": None}, ""),
    "credentials": ({"GET": None, "DELETE": None}, ""),
    "credentials/<str:credential_id>": ({"DELETE": None}, ""),
    "tasks": ({"GET": READ, "POST": APPEND}, "GET POST"),
    "tasks/quick": ({"POST": APPEND}, "POST"),
    "tasks/bulk": ({"POST": WRITE}, "POST"),
    "tasks/search": ({"GET": READ}, "GET"),
    "recurrence/preview": ({"POST": READ}, "POST"),
    "import": ({"POST": WRITE}, ""),
    "changes": ({"GET": READ}, ""),
    "undo": ({"POST": WRITE}, ""),
    TASK: (
        {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE},
        "GET PUT PATCH DELETE",
    ),
    f"{TASK}/changes": ({"GET": READ}, ""),
    **{
        f"{TASK}/{action}": ({"POST": WRITE}, "POST")
        for action in ("complete", "reopen", "restore", "skip", "move")
    },
    PLAN_TASK: (
        {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE},
        "GET PUT PATCH DELETE",
    ),
    **{
        f"{PLAN_TASK}/{action}": ({"PATCH": WRITE}, "PATCH")
        for action in ("complete", "toggle", "status")
    },
    "lists": ({"GET": READ, "POST": WRITE}, "GET"),
    LIST: ({"GET": READ, "PATCH": WRITE, "DELETE": WRITE}, "GET"),
    f"{LIST}/restore": ({"POST": WRITE}, ""),
    f"{LIST}/move": ({"POST": WRITE}, ""),
    "labels": ({"GET": READ, "POST": WRITE}, ""),
    LABEL: ({"GET": READ, "PATCH": WRITE, "DELETE": WRITE}, ""),
    f"{LABEL}/merge": ({"POST": WRITE}, ""),
    **{
        f"export{name}": ({"GET": EXPORT}, "GET")
        for name in ("", "/json", "/csv", "/ics", "/markdown")
    },
}
# These prove who the caller is in another way.
OTHERS = ("auth/register", "auth/token", "auth/token/refresh", "auth/token/exchange")
ROWS = [row for row in API if not row.route.endswith((*OTHERS, "auth/logout"))]


def below(route):
    """Return a route of the API without what comes before its object."""
    return next(
        route.removeprefix(prefix) for prefix in PREFIXES if route.startswith(prefix)
    )


def views(patterns, before=""):
    for entry in patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        else:
            yield from views(entry.url_patterns, route)


def endpoints():
    """Yield the route, the class and the methods of every view below `/api/`."""
    for route, callback in views(get_resolver().url_patterns):
        cls = getattr(callback, "cls", None)
        if route.startswith("api/") and cls is not None:
            options = getattr(callback, "initkwargs", {})
            view = cls(**options)
            yield route, view, {*view.allowed_methods} - {"HEAD", "OPTIONS"}


def test_every_method_of_every_endpoint_declares_its_scope():
    undeclared = [
        (route, method)
        for route, view, methods in endpoints()
        if view.authentication_classes
        for method in methods
        if not isinstance(view, Endpoint) or method not in view.scopes
    ]

    assert undeclared == []


def test_only_known_scopes_are_declared():
    for route, view, _ in endpoints():
        if isinstance(view, Endpoint):
            assert set(view.scopes.values()) <= {*SCOPES, None}, route
            assert set(view.list_methods) <= view.scopes.keys(), route


def test_the_endpoints_declare_what_the_table_says():
    for row in ROWS:
        assert row.method in NEEDS[below(row.route)][0], row


@pytest.fixture
def objects(alice):
    return AliceObjects(alice)


def client_with(user, *scopes, **options):
    text = text_of(user, *scopes, **options)
    return Client(headers={"Authorization": f"Bearer {text}"})


def status(objects, client, row: Row):
    """Send the request of a row as the matrix does."""
    found = objects.status_of(client, row.method, row.route, row.body)
    note(Asked(row.method, row.route, "personal token", "see the scopes"), found)
    return found


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_with_one_scope_may_do_what_the_table_says(objects, alice, scope):
    client = client_with(alice, scope)
    granted = with_included([scope])
    wrong, allowed = {}, Counter()
    for row in ROWS:
        needed = NEEDS[below(row.route)][0][row.method]
        expected = row.owner if needed in granted else 403
        allowed[needed in granted] += 1
        found = status(objects, client, row)
        if found != expected:
            wrong[row.method, row.route] = found

    assert wrong == {}
    assert allowed[True] and allowed[False]


def test_a_token_with_all_scopes_may_do_no_more_than_its_user(objects, bob):
    client = client_with(bob)
    wrong = {}
    for row in ROWS:
        needed = NEEDS[below(row.route)][0][row.method]
        found = status(objects, client, row)
        if found != (row.stranger if needed else 403):
            wrong[row.method, row.route] = found

    assert wrong == {}


def test_a_token_that_is_limited_to_lists_may_use_only_what_honours_them(
    objects, alice
):
    inbox = alice.task_lists.get(is_inbox=True)
    client = client_with(alice, lists=[objects.list.pk, inbox.pk])
    wrong = {}
    for row in ROWS:
        scopes, honoured = NEEDS[below(row.route)]
        is_allowed = scopes[row.method] and row.method in honoured.split()
        found = status(objects, client, row)
        if found != (row.owner if is_allowed else 403):
            wrong[row.method, row.route] = found

    assert wrong == {}


@pytest.mark.parametrize("route", OTHERS[3:])
def test_a_personal_token_is_exchanged_for_nothing(alice, route):
    client = client_with(alice)

    assert client.post(f"/api/v1/{route}").status_code == 401
