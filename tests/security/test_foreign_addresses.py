"""API7:2023 Server side request forgery, and redirects to other sites.

`trap` is a server that nothing may call; its fixture checks that at the end.
"""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from tests import forging
from tests.factories import PASSWORD

INNER = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://localhost:22/",
    "http://0/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "dict://127.0.0.1:11211/",
    "//evil.example",
]


def issuers(issuer, trap):
    yield trap.url
    yield f"{trap.url}/"
    yield f"{issuer.url}@127.0.0.1:{trap.port}"
    yield f"{issuer.url}.evil.example"
    yield f"{issuer.url}/../"
    yield f"{issuer.url}#{trap.url}"
    yield issuer.url.upper()
    yield issuer.url[:-1]
    yield from INNER


@pytest.mark.parametrize("number", range(16))
@pytest.mark.parametrize("path", ["/api/v1/users/me", "/api/v1/auth/token/exchange"])
def test_no_issuer_of_a_token_is_asked(target, issuer, trap, number, path):
    name = list(issuers(issuer, trap))[number]
    claims = forging.better_auth_claims(name, "user-1", datetime.now(UTC))
    token = forging.sign(claims, forging.key_of("EdDSA"))
    method = "GET" if path.endswith("me") else "POST"

    answer = target.send(method, path, headers={"Authorization": f"Bearer {token}"})

    assert answer.status == 401
    assert trap.fetches == 0


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "kid", "iss", "url"])
@pytest.mark.parametrize("kind", ["own", "better-auth"])
def test_no_header_of_a_token_is_followed(target, issuer, trap, name, kind):
    _, own = forging.decode(target.users["alice"]["access"])
    other = forging.better_auth_claims(issuer.url, "user-1", datetime.now(UTC))
    claims = own if kind == "own" else other
    token = forging.sign(claims, forging.key_of("EdDSA"), header={name: trap.jwks_url})
    target.wait_for_keys(token)  # an unknown id makes the server ask the issuer

    answer = target.send(
        "GET", "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}
    )

    # Better Auth's own key may be used; an address beside it counts for nothing.
    assert answer.status in ({401} if kind == "own" else {200, 401})
    assert trap.fetches == 0


FIELDS = [
    ("PATCH", "/api/v1/users/me", "display_name"),
    ("PATCH", "/api/v1/users/me", "avatar"),
    ("PATCH", "/api/v1/users/me", "image"),
    ("POST", "/api/v1/tasks", "title"),
    ("POST", "/api/v1/tasks", "notes"),
    ("POST", "/api/v1/import", "url"),
    ("POST", "/api/v1/import", "file"),
]


@pytest.mark.parametrize(("method", "path", "field"), FIELDS)
def test_no_address_in_a_field_is_fetched(target, trap, method, path, field):
    body = {"title": "x", field: trap.url} if "tasks" in path else {field: trap.url}

    answer = target.api(method, path, body, by="bob")

    assert answer.status in {200, 201, 400, 415}
    assert trap.fetches == 0


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "\\\\evil.example/",
    "/\\evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\thttps://evil.example",
    "https://127.0.0.1@evil.example/",
    "/accounts/login/\r\nX-Injected: 1",
    "%2f%2fevil.example",
]


@pytest.mark.parametrize("address", ELSEWHERE, ids=repr)
def test_no_sign_in_leads_to_another_site(target, address):
    form = {
        "login": target.users["bob"]["email"],
        "password": PASSWORD,
        "next": address,
    }
    answers = [
        target.page("POST", f"/accounts/login/?next={quote(address)}", form),
        target.page("GET", f"/accounts/login/?next={quote(address)}", by="bob"),
        target.page("GET", f"/admin/login/?next={quote(address)}", by="sam"),
        target.page("GET", f"/accounts/logout/?next={quote(address)}"),
        target.page("POST", "/add", {"text": "x", "next": address}, by="bob"),
    ]

    for answer in answers:
        leads_to = answer.headers.get("Location", "/")
        assert leads_to.startswith("/")
        assert leads_to[1:2] not in {"/", "\\"}
        assert answer.headers.get("X-Injected") is None
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            if cookie.startswith("ownlist_session="):
                target.secrets.add(cookie.partition("=")[2].partition(";")[0])
