"""The callback of sign-ins at a server with hostile or broken responses.

The server is real, with its own keys; some of its answers are replaced. Whatever they
are, nobody is signed in, nothing is stored, and the answer is a page.
"""

import json
import secrets
from typing import NamedTuple

import pytest
from django.utils import timezone

from accounts import social_adapter
from accounts.better_auth import keys
from accounts.models import LinkedIdentity, User
from tests import forging
from tests.better_auth_server.configuration import SECRET
from tests.openid import (
    CALLBACK,
    START,
    be_client_of,
    browser,
    come_back,
    follow_back,
    is_signed_in,
    of_start,
)

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]

DISCOVERY = "/.well-known/openid-configuration"
OUR_ENDPOINTS = [DISCOVERY, "/oauth2/token", "/oauth2/userinfo"]


@pytest.fixture
def server(start_better_auth, settings):
    server = start_better_auth(oauth={})
    server.client_id = be_client_of(server, settings)
    return server


@pytest.fixture
def client(settings):
    return browser(settings)


KEY = forging.new_key("EdDSA", kid="of the server")


class Ago(NamedTuple):
    """A time this many seconds before the id token is issued; after it if negative."""

    seconds: int


def come_back_with(server, client, claims=None, userinfo=None, id_token=None):
    """Complete the sign-in with this id token, signed with a key of the server."""
    start = client.post(START)
    now = int(timezone.now().timestamp())
    claims = {
        "iss": f"{server.url}/api/auth",
        "aud": server.client_id,
        "sub": "mallory",
        "iat": now,
        "exp": now + 300,
        "nonce": of_start(start, "nonce"),
    } | (claims or {})
    claims = {
        name: now - value.seconds if isinstance(value, Ago) else value
        for name, value in claims.items()
        if value is not ...
    }
    server.mode("keys", after=[forging.jwk(KEY)])
    answer = {"access_token": "opaque", "token_type": "Bearer"}
    answer["id_token"] = (id_token or forging.sign)(claims, KEY)
    userinfo = {"sub": claims.get("sub")} if userinfo is None else userinfo
    server.mode("body", path="/oauth2/token", body=json.dumps(answer))
    server.mode("body", path="/oauth2/userinfo", body=json.dumps(userinfo))
    return follow_back(client, back_from(start))


def back_from(start):
    """Return the callback URL, with a code that only a replaced response accepts."""
    return f"{CALLBACK}?code=x&state={of_start(start, 'state')}"


def assert_nobody_came_in(page, client):
    assert page.status_code in {401, 403, 503}
    assert "<h1>" in page.content.decode()
    assert not is_signed_in(client)
    assert not LinkedIdentity.objects.exists()
    assert not User.objects.exists()


def test_signs_in_with_a_valid_id_token(server, client):
    page = come_back_with(server, client)

    assert page.status_code == 200
    assert is_signed_in(client)
    assert LinkedIdentity.objects.get().subject == "mallory"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example/api/auth"},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"azp": "another client"},
        {"nonce": "another browser's"},
        {"nonce": ...},
        {"nonce": None},
        {"sub": ...},
        {"iat": ...},
        {"iat": Ago(3600)},
        {"iat": Ago(-3600), "exp": Ago(-7200)},
        {"iat": Ago(600), "exp": Ago(300)},
        {"exp": "soon"},
        {"nbf": Ago(-3600)},
        {"banned": True},
    ],
    ids=str,
)
def test_every_claim_of_the_id_token_counts(server, client, claims):
    assert_nobody_came_in(come_back_with(server, client, claims), client)


def test_several_audiences_require_our_client_id_as_azp(server, client):
    audiences = [server.client_id, "another"]

    page = come_back_with(server, client, {"aud": audiences})
    assert_nobody_came_in(page, client)

    come_back_with(server, client, {"aud": audiences, "azp": server.client_id})
    assert is_signed_in(client)


SUBJECTS = [
    "x" * 256,
    "x" * 300,
    "",
    None,
    5,
    True,
    ["x"],
    {"x": "y"},
    "a\0b",
    "a\nb",
    " ",
    "\u200b",
    "a\u202eb",
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=ascii)
def test_accepts_only_valid_subjects(server, client, subject):
    assert_nobody_came_in(come_back_with(server, client, {"sub": subject}), client)


@pytest.mark.parametrize("subject", ["staff", None, 5, ["mallory"], ...], ids=str)
def test_userinfo_must_be_about_the_same_subject(server, client, subject):
    userinfo = {} if subject is ... else {"sub": subject}

    assert_nobody_came_in(come_back_with(server, client, userinfo=userinfo), client)


@pytest.mark.parametrize(
    "id_token",
    [
        lambda claims, key: None,
        lambda claims, key: 5,
        lambda claims, key: "",
        lambda claims, key: "a.b.c",
        lambda claims, key: "x" * 100_000,
        lambda claims, key: forging.unsigned(claims),
        lambda claims, key: forging.sign(claims, forging.new_key("EdDSA", kid="mine")),
        lambda claims, key: forging.sign(
            claims, forging.new_key("EdDSA", kid="mine"), kid=KEY.kid
        ),
    ],
    ids=["null", "number", "empty", "text", "long", "unsigned", "unknown", "forged"],
)
def test_accepts_only_an_id_token_that_the_server_signed(server, client, id_token):
    assert_nobody_came_in(come_back_with(server, client, id_token=id_token), client)


def test_an_api_token_is_not_an_id_token(server, client):
    external_user = server.sign_up()
    token = server.token(external_user)

    page = come_back_with(server, client, id_token=lambda claims, key: token)

    assert_nobody_came_in(page, client)


@pytest.mark.parametrize("path", OUR_ENDPOINTS)
@pytest.mark.parametrize(
    "mode", ["unavailable", "drop", "html", "wrong-type", "empty", "redirect", "huge"]
)
def test_a_failing_endpoint_gives_an_error_page(server, client, path, mode):
    start = client.post(START)
    back = server.follow(start["Location"], server.sign_up())
    server.mode(mode, path=path)
    social_adapter.forget_discovery()

    page = follow_back(client, back)

    assert_nobody_came_in(page, client)
    assert server.redirects_followed(path) == 0


@pytest.mark.parametrize(
    "answer", ["5", '"text"', "null", '{"access_token": ["x"]}', '{"expires_in": 1e99}']
)
def test_an_unexpected_response_gives_an_error_page(server, client, answer):
    start = client.post(START)
    server.mode("body", path="/oauth2/token", body=answer)

    assert_nobody_came_in(follow_back(client, back_from(start)), client)


@pytest.mark.parametrize(
    "name",
    ["issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"],
)
@pytest.mark.parametrize("value", ["https://other.example/x", None])
def test_follows_no_redirect_to_another_server(server, client, name, value):
    document = server.get(DISCOVERY).json() | {name: value}
    server.mode("body", path=DISCOVERY, body=json.dumps(document))

    page = client.post(START, follow=True)

    assert page.status_code == 503
    assert page["Retry-After"]


def test_ignores_proxies_of_the_environment(server, client, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    come_back(server, client, server.sign_up())

    assert is_signed_in(client)


def test_does_not_send_a_password_of_the_environment(
    server, client, monkeypatch, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login a password {secrets.token_hex()}\n")
    monkeypatch.setenv("NETRC", str(netrc))

    come_back(server, client, server.sign_up())

    assert is_signed_in(client)


def test_a_server_without_published_keys_signs_nobody_in(server, client, settings):
    settings.BETTER_AUTH = {"url": server.url, "shared_secret": SECRET}
    keys.forget_keys()

    start = client.post(START)
    page = follow_back(client, server.follow(start["Location"], server.sign_up()))

    assert_nobody_came_in(page, client)
