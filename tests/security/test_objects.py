"""API1:2023 Broken object level authorization: ids of another user, on every route."""

import pytest

from tests.test_access_matrix import API, PAGES, SOME_ID

OF_ALICE = [row for row in API + PAGES if "<" in row.route or "(?P" in row.route]
HERS = [row for row in OF_ALICE if row.stranger in {403, 404}]


def name_of(row):
    return f"{row.method} {row.route}"


def is_refused(answer):
    """Whether it is a refusal, or leads to the sign-in page."""
    leads_to = answer.headers.get("Location", "")
    return answer.status in {401, 403, 404} or (
        answer.status in {302, 303} and leads_to.startswith("/accounts/login/")
    )


@pytest.mark.parametrize("row", HERS, ids=name_of)
def test_nobody_else_reaches_an_object_of_alice(target, row):
    request = target.cast["rows"][name_of(row)]
    is_api = row.route.startswith("api/")
    for by in ("bob", "sam", None):
        send = target.api if is_api else target.page
        body = request["body"] if row.method != "GET" else None

        answer = send(row.method, request["path"], body or None, by=by)

        assert is_refused(answer), f"{by}: {answer.status}"


def test_most_routes_with_an_id_are_attacked():
    assert len(HERS) > 100


# The others name their owner, and refuse before any query.
HIDDEN = [row for row in HERS if row.stranger == 404 and row.route.startswith("api/")]


@pytest.mark.parametrize("row", HIDDEN, ids=name_of)
def test_a_foreign_object_looks_like_none(target, row):
    request = target.cast["rows"][name_of(row)]
    ids = [*target.cast["alice"].values(), target.users["alice"]["id"]]
    missing = request["path"]
    for one in ids:
        missing = missing.replace(one, SOME_ID)
    answers = [
        target.api(row.method, path, request["body"] or None, by="bob")
        for path in (request["path"], missing)
    ]

    bodies = {_without_ids(answer.text, ids) for answer in answers}
    assert len({answer.status for answer in answers}) == 1
    assert len(bodies) == 1


def _without_ids(text, ids):
    for one in ids:
        text = text.replace(one, SOME_ID)
    return text


# (method, path, body) with ids of Bob in the path, and of Alice in the body.
REFERENCES = [
    ("POST", "/api/v1/tasks", {"title": "x", "list": "{alice.list}"}),
    ("POST", "/api/v1/tasks", {"title": "x", "parent": "{alice.task}"}),
    ("PUT", "/api/v1/tasks/{bob.task}", {"title": "x", "list": "{alice.list}"}),
    ("PATCH", "/api/v1/tasks/{bob.task}", {"list": "{alice.list}"}),
    ("PATCH", "/api/v1/tasks/{bob.task}", {"parent": "{alice.task}"}),
    ("POST", "/api/v1/tasks/{bob.task}/move", {"list": "{alice.list}"}),
    ("POST", "/api/v1/tasks/{bob.task}/move", {"after": "{alice.task}"}),
    ("POST", "/api/v1/tasks/{bob.task}/move", {"parent": "{alice.task}"}),
    ("POST", "/api/v1/lists/{bob.list}/move", {"after": "{alice.list}"}),
    ("POST", "/api/v1/labels/{bob.label}/merge", {"into": "{alice.label}"}),
    ("POST", "/api/v1/labels/{alice.label}/merge", {"into": "{bob.label}"}),
    ("POST", "/api/v1/tasks/bulk", {"ids": ["{alice.task}"], "action": "complete"}),
    ("POST", "/api/v1/tasks/bulk", {"ids": ["{alice.task}"], "action": "delete"}),
    (
        "POST",
        "/api/v1/tasks/bulk",
        {"ids": ["{bob.task}"], "action": "move", "list": "{alice.list}"},
    ),
    ("POST", "/api/v1/undo", {"batch": "{alice.batch}"}),
    (
        "POST",
        "/api/v1/tasks/quick",
        {"text": "x", "defaults": {"list": "{alice.list}"}},
    ),
]


def with_ids(target, text):
    for who in ("alice", "bob"):
        for name, one in target.cast[who].items():
            text = text.replace(f"{{{who}.{name}}}", one)
    return text


@pytest.mark.parametrize(("method", "path", "body"), REFERENCES)
def test_no_request_of_bob_refers_to_an_object_of_alice(target, method, path, body):
    filled = {
        key: [with_ids(target, one) for one in value]
        if isinstance(value, list)
        else {k: with_ids(target, v) for k, v in value.items()}
        if isinstance(value, dict)
        else with_ids(target, value)
        for key, value in body.items()
    }

    answer = target.api(method, with_ids(target, path), filled, by="bob")

    assert answer.status in {400, 404, 409}, answer.text[:300]


@pytest.mark.parametrize(
    "query",
    [
        "list={alice.list}",
        "parent={alice.task}",
        "label={alice.label}",
        "ids={alice.task}",
        "owner={alice}",
        "user_id={alice}",
    ],
)
def test_a_filter_shows_only_own_tasks(target, query):
    query = with_ids(target, query).replace("{alice}", target.users["alice"]["id"])

    answer = target.api("GET", f"/api/v1/tasks?{query}", by="bob")

    assert target.cast["alice"]["task"] not in answer.text.replace(query, "")
