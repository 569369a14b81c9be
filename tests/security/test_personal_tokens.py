"""API2:2023 and API5:2023 for personal access tokens: form, life and scopes."""

from hashlib import sha256

import pytest

from config.api.scopes import SCOPES, with_included
from tests.security.cast import SECRET_TITLE
from tests.security.test_objects import HERS, name_of
from tests.test_access_matrix import PAGES
from tests.test_token_matrix import NEEDS, ROWS, below


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def send(target, row, text):
    request = target.cast["rows"][name_of(row)]
    body = (request["body"] or None) if row.method != "GET" else None
    return target.api(row.method, request["path"], body, headers=bearer(text))


FORMS = {
    "last character": lambda t: t[:-1] + ("a" if t[-1] != "a" else "b"),
    "one character": lambda t: t[:20] + ("a" if t[20] != "a" else "b") + t[21:],
    "other case": str.swapcase,
    "cut": lambda t: t[:-1],
    "longer": lambda t: f"{t}0",
    "prefix alone": lambda _: "own_pat_",
    "zeroes": lambda _: "own_pat_" + "0" * 36,
    "10,000 characters": lambda t: t + "0" * 10_000,
    "digest": lambda t: sha256(t.encode()).hexdigest(),
    "digest behind the prefix": lambda t: "own_pat_" + sha256(t.encode()).hexdigest(),
    "other digits": lambda t: t[:-6] + "\u00b2" * 6,
    "wildcard": lambda t: t[:-6] + "%%%%%%",
    "twice": lambda t: f"{t},{t}",
}


@pytest.mark.parametrize("form", FORMS)
def test_only_the_exact_text_of_a_token_counts(target, form):
    text = FORMS[form](target.cast["tokens"]["everything of bob"])
    headers = bearer(text.encode().decode("latin-1"))

    answer = target.send("GET", "/api/v1/users/me", headers=headers)

    assert answer.status in {400, 401, 431}


@pytest.mark.parametrize(
    "name", ["expired", "revoked", "ended with all others", "of a locked user"]
)
def test_a_token_that_has_ended_opens_nothing(target, name):
    headers = bearer(target.cast["tokens"][name])

    for path in ("/api/v1/users/me", "/api/v1/tasks", "/api/v1/export"):
        assert target.send("GET", path, headers=headers).status == 401


PLACES = {
    "query access_token": lambda t: ("?access_token=" + t, {}),
    "query token": lambda t: ("?token=" + t, {}),
    "cookie": lambda t: ("", {"Cookie": f"token={t}"}),
    "session cookie": lambda t: ("", {"Cookie": f"ownlist_session={t}"}),
    "Basic": lambda t: ("", {"Authorization": f"Basic {t}"}),
    "Token": lambda t: ("", {"Authorization": f"Token {t}"}),
    "X-API-Key": lambda t: ("", {"X-API-Key": t}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_token_counts_only_in_its_header(target, place):
    query, headers = PLACES[place](target.cast["tokens"]["everything of bob"])

    answer = target.send("GET", f"/api/v1/users/me{query}", headers=headers)

    assert answer.status == 401


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_does_nothing_beyond_its_scope(target, scope):
    granted = with_included([scope])
    beyond = [r for r in ROWS if NEEDS[below(r.route)][0][r.method] not in granted]

    answers = {
        name_of(row): send(target, row, target.cast["tokens"][scope]).status
        for row in beyond
    }

    assert len(answers) > 5
    assert {name: status for name, status in answers.items() if status != 403} == {}


NO_TOKEN = [row for row in ROWS if NEEDS[below(row.route)][0][row.method] is None]


@pytest.mark.parametrize("row", NO_TOKEN, ids=name_of)
def test_no_token_manages_the_account(target, row):
    assert send(target, row, target.cast["tokens"]["everything of bob"]).status == 403


@pytest.mark.parametrize(
    "row", [row for row in HERS if row.route.startswith("api/")], ids=name_of
)
def test_a_token_with_every_scope_reaches_no_object_of_another_user(target, row):
    answer = send(target, row, target.cast["tokens"]["everything of bob"])

    assert answer.status in {403, 404}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/tasks/{task}", None),
        ("PATCH", "/api/v1/tasks/{task}", {"title": "x"}),
        ("DELETE", "/api/v1/tasks/{task}", None),
        ("POST", "/api/v1/tasks/{task}/complete", None),
        ("POST", "/api/v1/tasks/{task}/move", {"list": "{list}"}),
        ("POST", "/api/v1/tasks/bulk", {"ids": ["{task}"], "action": "complete"}),
        ("GET", "/api/v1/changes", None),
        ("GET", "/api/v1/labels", None),
        ("POST", "/api/v1/undo", {}),
        ("GET", "/api/me/tasks/{task}", None),
        ("PATCH", "/api/me/tasks/{task}/complete", None),
        ("GET", "/api/v1/tasks/{task}/changes", None),
        ("POST", "/api/v1/import", None),
    ],
)
def test_a_token_for_one_list_reaches_no_task_of_another(target, method, path, body):
    ids = {
        "{task}": target.cast["alice"]["task"],
        "{list}": target.cast["alice"]["list"],
    }
    for name, one in ids.items():
        path = path.replace(name, one)
    if body:
        body = {
            key: [ids.get(v, v) for v in value]
            if isinstance(value, list)
            else ids.get(value, value)
            for key, value in body.items()
        }

    answer = target.api(
        method, path, body, headers=bearer(target.cast["tokens"]["one list"])
    )

    assert answer.status in {400, 403, 404, 415}


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/v1/export", "/api/me/tasks"])
def test_a_token_for_one_list_sees_only_that_one(target, path):
    headers = bearer(target.cast["tokens"]["one list"])

    answer = target.send("GET", path, headers=headers)

    assert answer.status == 200
    assert SECRET_TITLE not in answer.text


@pytest.mark.parametrize(
    "row",
    [r for r in PAGES if r.method == "GET" and r.anonymous == 302][::4],
    ids=name_of,
)
def test_a_token_opens_no_page(target, row):
    path = target.cast["rows"][name_of(row)]["path"]
    headers = bearer(target.cast["tokens"]["everything of bob"])

    answer = target.send("GET", path, headers=headers)

    assert answer.status == 302
    assert answer.headers["Location"].startswith("/accounts/")


@pytest.mark.parametrize("code", ["", "0", "00000000", "' OR 1=1", "1" * 5000, "\0"])
def test_support_staff_see_nothing_without_a_grant(target, code):
    alice = target.users["alice"]["id"]
    view = f"/admin/accounts/user/{alice}/support-view/"

    for by in ("sam", "bob", None):
        entered = target.page("POST", view, {"code": code}, by=by)
        listed = target.page("GET", f"{view}lists/", by=by)
        task = target.cast["alice"]["task"]
        shown = target.page("GET", f"{view}tasks/{task}/", by=by)

        assert entered.status in {200, 302, 303, 400, 403}
        assert {listed.status, shown.status} <= {302, 403}
