"""API2:2023 Broken authentication: fixed and guessed sessions, and other sites.

Cross-site request forgery on every route that changes something (ASVS 3.5.1).
"""

import pytest

from tests.factories import PASSWORD
from tests.security.target import CSRF
from tests.test_access_matrix import API, PAGES

EVIL = "https://evil.example"
CHANGES = [row for row in API + PAGES if row.method != "GET"]
OF_A_USER = [row for row in CHANGES if row.anonymous in {302, 303, 401}]


def name_of(row):
    return f"{row.method} {row.route}"


def has_no_effect(answer):
    leads_to = answer.headers.get("Location", "")
    return answer.status in {401, 403, 404} or (
        answer.status in {302, 303} and leads_to.startswith("/accounts/")
    )


@pytest.mark.parametrize("row", OF_A_USER, ids=name_of)
def test_another_site_changes_nothing_in_a_session_of_alice(target, row):
    request = target.cast["rows"][name_of(row)]
    is_api = row.route.startswith("api/")
    own = target.users["alice"]["session"]
    cookies = f"ownlist_session={own}; ownlist_csrf={CSRF}"
    body = b'{"title": "x"}' if is_api else f"csrfmiddlewaretoken={CSRF}".encode()
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    common = {"Cookie": cookies, "Content-Type": kind}
    for headers in (
        {"Origin": EVIL},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": target.origin.replace("127.0.0.1", "evil.127.0.0.1.example")},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        headers = {**common, **headers, "X-CSRFToken": CSRF}

        answer = target.send(row.method, request["path"], body, headers)

        assert has_no_effect(answer), f"{headers}: {answer.status}"


@pytest.mark.parametrize("row", OF_A_USER, ids=name_of)
def test_nothing_is_changed_without_the_token_of_the_form(target, row):
    request = target.cast["rows"][name_of(row)]
    is_api = row.route.startswith("api/")
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    headers = {
        "Cookie": f"ownlist_session={target.users['alice']['session']}",
        "Content-Type": kind,
        "Origin": target.origin,
    }

    answer = target.send(row.method, request["path"], b"{}", headers)

    assert answer.status in {401, 403}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:1"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/v1/export", "/inbox/"])
def test_another_site_reads_nothing_in_a_session_of_alice(target, path, headers):
    cookie = f"ownlist_session={target.users['alice']['session']}"

    answer = target.send("GET", path, headers={"Cookie": cookie, **headers})

    assert answer.status in {302, 401}
    assert answer.headers.get("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a" * 32,
        "A" * 32,
        "0",
        "../../etc/passwd",
        "' OR 1=1 --",
        "\u00e9" * 8,
        "a" * 4000,
        '"quoted"',
        "a; ownlist_session=b",
    ],
    ids=lambda v: v[:12] or "empty",
)
def test_no_made_up_session_is_a_session(target, value):
    cookie = f"ownlist_session={value}".encode().decode("latin-1")

    answer = target.send("GET", "/inbox/", headers={"Cookie": cookie})

    assert answer.status in {302, 400}


def sign_in(target, cookie=""):
    form = {"login": target.users["bob"]["email"], "password": PASSWORD}
    cookies = {"Cookie": f"ownlist_csrf={CSRF}; {cookie}"}
    return target.page("POST", "/accounts/login/", form, headers=cookies)


def session_of(answer):
    cookies = answer.headers.get_all("Set-Cookie") or []
    [cookie] = [c for c in cookies if c.startswith("ownlist_session=")]
    return cookie.partition("=")[2].partition(";")[0], cookie


def test_a_session_that_was_planted_before_the_sign_in_stays_worthless(target):
    planted = "f" * 32

    answer = sign_in(target, f"ownlist_session={planted}")
    made, cookie = session_of(answer)
    target.secrets.add(made)

    assert answer.status == 303
    assert made not in {planted, target.users["bob"]["session"]}
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    worthless = {"Cookie": f"ownlist_session={planted}"}
    assert target.send("GET", "/inbox/", headers=worthless).status == 302


def test_a_session_is_worthless_after_its_sign_out(target):
    made, _ = session_of(sign_in(target))
    target.secrets.add(made)
    headers = {"Cookie": f"ownlist_session={made}; ownlist_csrf={CSRF}"}
    assert target.send("GET", "/inbox/", headers=headers).status == 200

    target.page("POST", "/accounts/logout/", headers=headers)

    assert target.send("GET", "/inbox/", headers=headers).status == 302


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Method-Override": "DELETE"},
        {"X-HTTP-Method": "DELETE"},
    ],
    ids=lambda h: next(iter(h)),
)
def test_no_header_changes_the_method(target, headers):
    path = f"/api/v1/tasks/{target.cast['alice']['task']}"

    assert target.api("GET", path, by="alice", headers=headers).status == 200
    assert target.api("POST", path, {}, by="alice", headers=headers).status == 405


@pytest.mark.parametrize("query", ["_method=DELETE", "method=delete", "format=api"])
def test_no_query_changes_the_method(target, query):
    path = f"/api/v1/tasks/{target.cast['alice']['task']}?{query}"

    assert target.api("GET", path, by="alice").status in {200, 400}
