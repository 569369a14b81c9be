"""The real Better Auth server behaves as the bridge assumes.

These tests say nothing about our code. When a new Better Auth turns one of them red,
the bridge and `docs/better-auth.md` have to be read again.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.better_auth_server.client import PASSWORD, Refused
from tests.forging import ALGORITHMS, b64, decode, unb64


def verified(token, server, **expected):
    """Return the claims of a token that one of the server's keys has signed."""
    kid = jwt.get_unverified_header(token)["kid"]
    [key] = [jwt.PyJWK(key) for key in server.jwks() if key["kid"] == kid]
    audience = expected.pop("audience", server.url)
    return jwt.decode(token, key, [key.algorithm_name], audience=audience, **expected)


def refusal(call, *arguments):
    """Return status and code of a refused call."""
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.status, refused.value.code


# --- The access token ---------------------------------------------------------------


def test_the_header_names_algorithm_and_key_and_nothing_else(better_auth):
    token = better_auth.token(better_auth.sign_up())

    header, _ = decode(token)

    [key] = [key for key in better_auth.jwks() if key["kid"] == header["kid"]]
    assert header == {"alg": "EdDSA", "kid": key["kid"]}
    assert re.fullmatch("[A-Za-z0-9]{32}", header["kid"])


def test_the_claims_are_the_user_row_and_the_four_registered_ones(better_auth):
    began = time.time()
    alice = better_auth.sign_up("Alice.Liddell@Example.com", name="Alice")

    claims = verified(better_auth.token(alice), better_auth)

    assert list(claims) == [
        *("iat", "name", "email", "emailVerified", "createdAt", "updatedAt"),
        *("role", "banned", "id", "sub", "exp", "iss", "aud"),
    ]
    assert claims["email"] == "alice.liddell@example.com"
    assert claims["emailVerified"] is False
    assert claims["sub"] == claims["id"] == alice.user_id
    assert re.fullmatch("[A-Za-z0-9]{32}", claims["sub"])
    assert claims["iss"] == claims["aud"] == better_auth.url
    assert claims["exp"] - claims["iat"] == 900
    assert int(began) <= claims["iat"] <= time.time()
    assert claims["createdAt"].endswith("Z")
    assert datetime.fromisoformat(claims["createdAt"]).utcoffset().total_seconds() == 0


def test_without_admin_the_claims_have_no_role_and_no_ban(start_better_auth):
    server = start_better_auth(admin=None)

    claims = verified(server.token(server.sign_up()), server)

    assert not claims.keys() & {"role", "banned", "banReason", "banExpires"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signs_with_each_of_its_algorithms(start_better_auth, algorithm):
    server = start_better_auth(algorithm=algorithm)

    token = server.token(server.sign_up())

    assert decode(token)[0]["alg"] == algorithm
    assert verified(token, server)["iss"] == server.url


@pytest.mark.parametrize(
    ("algorithm", "members"),
    [
        ("EdDSA", {"kty": "OKP", "crv": "Ed25519", "x": None}),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": None, "y": None}),
        ("ES512", {"kty": "EC", "crv": "P-521", "x": None, "y": None}),
        ("RS256", {"kty": "RSA", "n": None, "e": "AQAB"}),
        ("PS256", {"kty": "RSA", "n": None, "e": "AQAB"}),
    ],
)
def test_lists_public_keys_with_algorithm_and_kid_but_no_use(
    start_better_auth, algorithm, members
):
    server = start_better_auth(algorithm=algorithm)

    [key] = server.jwks()

    assert key.keys() == {"alg", "kid", *members}
    assert key["alg"] == algorithm
    assert {name: key[name] for name, value in members.items() if value} == {
        name: value for name, value in members.items() if value
    }


def test_the_key_set_says_nothing_about_caching(better_auth):
    headers = better_auth.get("/jwks").headers

    assert headers["content-type"] == "application/json"
    assert not headers.keys() & {"cache-control", "etag", "expires", "last-modified"}


def test_issuer_and_audience_are_the_origin_without_slash_or_path(start_better_auth):
    server = start_better_auth(options={"baseURL": "{origin}/api/auth"})

    claims = verified(server.token(server.sign_up()), server)

    assert claims["iss"] == claims["aud"] == server.url


def test_issuer_and_audience_can_be_anything_else(start_better_auth):
    server = start_better_auth(issuer="{origin}/", audience=["one", "two"])

    claims = verified(server.token(server.sign_up()), server, audience="two")

    assert (claims["iss"], claims["aud"]) == (f"{server.url}/", ["one", "two"])


def test_a_number_as_lifetime_is_an_absolute_time_long_ago(start_better_auth):
    server = start_better_auth(lifetime=3600)

    _, claims = decode(server.token(server.sign_up()))

    assert claims["exp"] == 3600


def test_a_minimal_payload_leaves_the_registered_claims(start_better_auth):
    server = start_better_auth(payload="minimal")

    claims = verified(server.token(server.sign_up()), server)

    assert claims.keys() == {"iat", "sub", "exp", "iss", "aud"}


def test_a_payload_can_carry_the_id_of_the_session(start_better_auth):
    server = start_better_auth(payload="session-id")
    alice = server.sign_up()

    claims = verified(server.token(alice), server)

    assert claims["sid"] == server.get_session(alice)["session"]["id"]


def test_a_payload_can_lie_about_issuer_and_expiry_but_not_the_subject(
    start_better_auth,
):
    lies = {"iss": "https://issuer.example", "exp": 4102444800, "sub": "someone"}
    server = start_better_auth(payload=lies)
    alice = server.sign_up()

    claims = verified(server.token(alice), server)

    assert (claims["iss"], claims["exp"]) == ("https://issuer.example", 4102444800)
    assert claims["sub"] == alice.user_id


def test_serial_ids_make_subject_and_kid_the_text_1(start_better_auth):
    server = start_better_auth(
        options={"advanced": {"database": {"generateId": "serial"}}}
    )

    header, claims = decode(server.token(server.sign_up()))

    assert (header["kid"], claims["sub"]) == ("1", "1")


def test_a_session_response_has_an_access_token_in_a_header(better_auth):
    alice = better_auth.sign_up()

    answer = better_auth.get("/get-session", alice)

    token = answer.headers["set-auth-jwt"]
    assert verified(token, better_auth)["sub"] == alice.user_id
    assert answer.headers["cache-control"] == "no-store"


# --- Sessions -----------------------------------------------------------------------


def test_a_session_is_asked_for_by_raw_token_signed_token_or_cookie(better_auth):
    alice = better_auth.sign_up()
    credentials = [
        {"Authorization": f"Bearer {alice.token}"},
        {"Authorization": f"bearer {alice.signed_token}"},
        {"Cookie": alice.cookie},
    ]

    answers = [
        better_auth.request("GET", "/api/auth/get-session", headers=headers).json()
        for headers in credentials
    ]

    assert [answer["user"]["id"] for answer in answers] == [alice.user_id] * 3


def test_an_access_token_is_not_a_session(better_auth):
    token = better_auth.token(better_auth.sign_up())

    answer = better_auth.request(
        "GET", "/api/auth/get-session", headers={"Authorization": f"Bearer {token}"}
    )

    assert (answer.status, answer.json()) == (200, None)


def test_the_cookie_is_the_token_and_its_hmac_with_the_secret(better_auth):
    alice = better_auth.sign_up()

    value = unquote(alice.cookies["better-auth.session_token"])

    key, message = better_auth.secret.encode(), alice.token.encode()
    signature = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
    assert value == f"{alice.token}.{signature}" == alice.signed_token
    assert len(alice.token) == 32


def test_after_sign_out_the_session_is_null_with_status_200(better_auth):
    alice = better_auth.sign_up()
    other_device = better_auth.sign_in(alice.email)

    better_auth.sign_out(alice)

    answer = better_auth.get("/get-session", alice)
    assert (answer.status, answer.json()) == (200, None)
    assert "set-auth-jwt" not in answer.headers
    assert refusal(better_auth.token, alice) == (401, "UNAUTHORIZED")
    assert better_auth.get_session(other_device)["user"]["id"] == alice.user_id


def test_a_ban_by_an_administrator_ends_every_session(better_auth):
    alice = better_auth.sign_up()

    better_auth.ban(alice)

    assert better_auth.get_session(alice) is None
    assert refusal(better_auth.token, alice) == (401, "UNAUTHORIZED")
    assert refusal(better_auth.sign_in, alice.email) == (403, "BANNED_USER")


def test_a_ban_in_the_database_leaves_the_session_and_marks_the_tokens(better_auth):
    alice = better_auth.sign_up()

    better_auth.ban_in_database(alice)

    claims = verified(better_auth.token(alice), better_auth)
    assert claims["banned"] is True
    assert better_auth.get_session(alice)["user"]["banned"] is True
    assert refusal(better_auth.sign_in, alice.email) == (403, "BANNED_USER")


@pytest.mark.parametrize("sign_out_others", [False, True])
def test_other_sessions_end_with_a_password_change_only_on_request(
    better_auth, sign_out_others
):
    alice = better_auth.sign_up()
    other_device = better_auth.sign_in(alice.email)

    better_auth.change_password(
        alice, "another long passphrase", sign_out_others=sign_out_others
    )

    assert (better_auth.get_session(other_device) is None) is sign_out_others
    better_auth.sign_in(alice.email, "another long passphrase")
    wrong = refusal(better_auth.sign_in, alice.email)
    assert wrong == (401, "INVALID_EMAIL_OR_PASSWORD")


def test_a_password_reset_by_mail_ends_no_session(better_auth):
    alice = better_auth.sign_up()

    better_auth.reset_password(alice.email, "another long passphrase")

    assert better_auth.get_session(alice)["user"]["id"] == alice.user_id
    better_auth.sign_in(alice.email, "another long passphrase")


def test_the_same_address_gets_another_subject_after_deletion(better_auth):
    alice = better_auth.sign_up()

    better_auth.delete_user(alice)

    assert better_auth.get_session(alice) is None
    assert better_auth.sign_up(alice.email).user_id != alice.user_id


def test_with_a_cookie_cache_a_revoked_session_still_gets_tokens(start_better_auth):
    server = start_better_auth(cookie_cache={"maxAge": 300}, bearer=None)
    alice = server.sign_up()

    server.sign_out(server.sign_in(alice.email))
    server.update_user(alice, banned=True)
    server.post("/revoke-sessions", {}, alice)

    assert verified(server.token(alice), server)["sub"] == alice.user_id
    assert server.get_session(alice)["user"]["id"] == alice.user_id
    assert server.get_session(alice, "?disableCookieCache=true") is None


# --- Other tokens of the same server ------------------------------------------------


def test_the_cookie_cache_can_be_a_jwt_signed_with_the_shared_secret(start_better_auth):
    server = start_better_auth(cookie_cache={"strategy": "jwt"})
    alice = server.sign_up()
    cached = alice.cookies["better-auth.session_data"]

    claims = jwt.decode(cached, server.secret, algorithms=["HS256"])

    assert decode(cached)[0] == {"alg": "HS256"}
    assert claims["user"]["id"] == alice.user_id
    assert claims["session"]["token"] == alice.token
    assert not claims.keys() & {"iss", "aud", "sub"}


def test_the_cookie_cache_can_be_signed_with_the_key_of_the_tokens(start_better_auth):
    server = start_better_auth(
        cookie_cache={"strategy": "jwt"}, signed_cookie_cache=True
    )
    alice = server.sign_up()
    cached = alice.cookies["better-auth.session_data"]

    claims = verified(cached, server, audience="better-auth:session-cache")

    assert decode(cached)[0]["typ"] == "better-auth.session-cache+jwt"
    assert claims["iss"] == server.url
    assert (claims["sub"], claims["sid"]) == (alice.user_id, alice.token)


def test_a_verification_link_carries_a_jwt_signed_with_the_shared_secret(better_auth):
    alice = better_auth.sign_up()
    better_auth.send_verification(alice.email)

    token = better_auth.mails()[-1]["token"]

    claims = jwt.decode(token, better_auth.secret, algorithms=["HS256"])
    assert decode(token)[0] == {"alg": "HS256"}
    assert claims["email"] == alice.email
    assert claims["exp"] - claims["iat"] == 3600
    assert not claims.keys() & {"iss", "aud", "sub"}


def test_an_operator_can_sign_any_kind_of_token_with_the_same_key(better_auth):
    token = better_auth.sign({"sub": "anyone"}, header={"typ": "at+jwt"})

    claims = verified(token, better_auth)

    assert decode(token)[0]["typ"] == "at+jwt"
    assert claims["sub"] == "anyone"


# --- Verified addresses -------------------------------------------------------------


def test_a_click_of_the_mailbox_owner_verifies_the_account_of_the_attacker(
    better_auth,
):
    attacker = better_auth.sign_up("victim@example.com")
    better_auth.send_verification("victim@example.com")

    better_auth.verify_email("victim@example.com")

    claims = verified(better_auth.token(attacker), better_auth)
    assert claims["email"] == "victim@example.com"
    assert claims["emailVerified"] is True


def test_without_verification_there_is_no_session(start_better_auth):
    server = start_better_auth(require_email_verification=True)

    answer = server.register("alice@example.com")

    assert (answer.json()["token"], answer.cookies) == (None, {})
    assert refusal(server.sign_in, "alice@example.com") == (403, "EMAIL_NOT_VERIFIED")
    server.send_verification("alice@example.com")
    server.verify_email("alice@example.com")
    assert server.sign_in("alice@example.com").user["emailVerified"] is True


# --- Keys ---------------------------------------------------------------------------


def test_a_new_key_is_minted_by_the_next_token_and_not_before(better_auth):
    alice = better_auth.sign_up()
    old = decode(better_auth.token(alice))[0]["kid"]

    better_auth.rotate()
    listed_before = {key["kid"] for key in better_auth.jwks()}
    new = decode(better_auth.token(alice))[0]["kid"]

    assert new not in listed_before
    assert {old, new} <= {key["kid"] for key in better_auth.jwks()}


def test_past_the_grace_period_an_idle_server_lists_no_keys(start_better_auth):
    server = start_better_auth()
    server.token(server.sign_up())

    server.outlive_keys()

    assert server.jwks() == []


def test_a_withdrawn_key_is_not_listed_any_more(start_better_auth):
    server = start_better_auth()
    alice = server.sign_up()
    withdrawn = decode(server.token(alice))[0]["kid"]

    server.withdraw_keys(withdrawn)

    assert withdrawn not in {key["kid"] for key in server.jwks()}
    assert decode(server.token(alice))[0]["kid"] != withdrawn


def test_another_algorithm_waits_until_the_live_key_has_expired(start_better_auth):
    server = start_better_auth()
    alice = server.sign_up()
    server.token(alice)

    server.restart(algorithm="ES256")
    before = decode(server.token(alice))[0]["alg"]
    server.rotate()
    after = decode(server.token(alice))[0]["alg"]

    assert (before, after) == ("EdDSA", "ES256")
    assert {key["alg"] for key in server.jwks()} == {"EdDSA", "ES256"}


def test_several_live_keys_of_several_algorithms_can_be_listed(start_better_auth):
    server = start_better_auth()

    kids = {server.mint_key(algorithm) for algorithm in ALGORITHMS}

    assert kids == {key["kid"] for key in server.jwks()}
    assert {key["alg"] for key in server.jwks()} == set(ALGORITHMS)


def test_another_secret_breaks_tokens_and_sessions_but_not_the_key_set(
    start_better_auth,
):
    server = start_better_auth()
    alice = server.sign_up()
    server.token(alice)

    server.restart(secret="another-secret-that-is-long-enough-for-better-auth")

    assert refusal(server.token, alice) == (500, None)
    assert refusal(server.get_session, alice) == (500, None)
    assert len(server.jwks()) == 1


# --- OpenID Connect -----------------------------------------------------------------

CALLBACK = "http://127.0.0.1:8000/callback"


def test_signs_in_to_an_application_by_openid_connect(start_better_auth):
    server = start_better_auth(oauth={})
    client = server.register_client(CALLBACK)
    alice = server.sign_up()
    document = server.get("/.well-known/openid-configuration").json()
    verifier = secrets.token_urlsafe(40)
    question = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "the-state",
        "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }

    back = server.follow(
        f"{document['authorization_endpoint']}?{urlencode(question)}", alice
    )
    answer = {name: value for name, [value] in parse_qs(urlsplit(back).query).items()}
    tokens = redeem(server, document, client, answer["code"], verifier)
    id_token = verified(tokens["id_token"], server, audience=client["client_id"])
    who = server.request(
        "GET",
        urlsplit(document["userinfo_endpoint"]).path,
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    ).json()

    issuer = f"{server.url}/api/auth"
    assert document["issuer"] == answer["iss"] == id_token["iss"] == issuer
    assert answer["state"] == "the-state"
    assert id_token["sub"] == who["sub"] == alice.user_id
    assert id_token["exp"] - id_token["iat"] == 36000
    assert (who["email"], who["email_verified"]) == (alice.email, False)


def redeem(server, document, client, code, verifier):
    """Exchange the code as an application does; return the tokens."""
    pair = f"{client['client_id']}:{client['client_secret']}".encode()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    return server.request(
        "POST",
        urlsplit(document["token_endpoint"]).path,
        urlencode(form),
        {
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    ).json()


def test_openid_connect_sends_a_stranger_to_the_sign_in_page(start_better_auth):
    server = start_better_auth(oauth={})
    client = server.register_client(CALLBACK)
    question = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }

    back = server.follow(
        f"{server.url}/api/auth/oauth2/authorize?{urlencode(question)}"
    )

    assert urlsplit(back).path == "/sign-in"


def test_plain_tokens_stay_as_they_are_beside_openid_connect(start_better_auth):
    server = start_better_auth(oauth={})
    alice = server.sign_up()

    claims = verified(server.token(alice), server)

    assert claims["iss"] == claims["aud"] == server.url


# --- PostgreSQL ---------------------------------------------------------------------


@pytest.mark.needs_postgresql
def test_the_database_holds_the_user_and_a_scrypt_hash(
    better_auth_on_postgresql, better_auth_database
):
    alice = better_auth_on_postgresql.sign_up("Alice@Example.com", name="Alice")

    with psycopg.connect(better_auth_database, row_factory=dict_row) as database:
        user = database.execute('SELECT * FROM "user"').fetchone()
        account = database.execute("SELECT * FROM account").fetchone()

    assert user["id"] == alice.user_id
    assert (user["email"], user["emailVerified"]) == ("alice@example.com", False)
    assert (account["providerId"], account["accountId"]) == ("credential", user["id"])
    salt, _, digest = account["password"].partition(":")
    assert re.fullmatch("[0-9a-f]{32}", salt)
    assert digest == scrypt(PASSWORD, salt)


def scrypt(password, salt):
    """Return Better Auth's hash, whose salt is the hexadecimal text itself."""
    return hashlib.scrypt(
        password.encode(),
        salt=salt.encode(),
        n=16384,
        r=16,
        p=1,
        maxmem=64 * 1024 * 1024,
        dklen=64,
    ).hex()


@pytest.mark.needs_postgresql
def test_unset_columns_are_null_claims_on_postgresql(better_auth_on_postgresql):
    server = better_auth_on_postgresql
    alice = server.sign_up()

    claims = verified(server.token(alice), server)

    assert list(claims) == [
        *("iat", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"),
        *("role", "banned", "banReason", "banExpires"),
        *("id", "sub", "exp", "iss", "aud"),
    ]
    assert (claims["image"], claims["banReason"]) == (None, None)


@pytest.mark.needs_postgresql
def test_two_servers_on_one_database_share_keys_and_sessions(
    better_auth_on_postgresql, better_auth_database, start_better_auth
):
    alice = better_auth_on_postgresql.sign_up()
    token = better_auth_on_postgresql.token(alice)
    other = start_better_auth(database=better_auth_database)

    other.rotate()

    assert verified(token, other, audience=better_auth_on_postgresql.url)
    assert decode(other.token(alice))[0]["kid"] != decode(token)[0]["kid"]


# --- What the tests do to it --------------------------------------------------------


def status_and_body(server):
    answer = server.request("GET", "/api/auth/jwks")
    return answer.status, answer.body


@pytest.mark.parametrize(
    ("mode", "status", "body"),
    [
        ("html", 200, b"<!doctype html>"),
        ("wrong-type", 200, b'["keys"]'),
        ("empty", 200, b'{"keys":[]}'),
        ("redirect", 302, b""),
    ],
)
def test_the_key_set_can_be_replaced(better_auth, mode, status, body):
    better_auth.mode(mode)

    found = status_and_body(better_auth)

    assert (found[0], found[1][: len(body)]) == (status, body)


def test_the_key_set_can_be_cut_or_endless(better_auth):
    whole = better_auth.jwks()

    better_auth.mode("cut")
    _, cut = status_and_body(better_auth)
    better_auth.mode("huge", megabytes=3)
    _, huge = status_and_body(better_auth)

    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)
    assert json.loads(huge)["keys"] == whole
    assert len(huge) > 3 * 1024 * 1024


def test_the_key_set_can_list_other_things_beside_the_real_keys(better_auth):
    [real] = better_auth.jwks()
    secret = {"kty": "oct", "k": "c2VjcmV0"}

    better_auth.mode("keys", before=[secret], set={"use": "enc"}, remove=["alg"])

    del real["alg"]
    assert better_auth.jwks() == [secret, real | {"use": "enc"}]


def test_any_endpoint_can_be_unavailable_and_come_back(better_auth):
    alice = better_auth.sign_up()

    better_auth.mode("unavailable", path="/get-session")
    while_down = refusal(better_auth.get_session, alice)
    better_auth.mode("normal", path="/get-session")

    assert while_down == (503, None)
    assert better_auth.get_session(alice)["user"]["id"] == alice.user_id


def test_a_dropped_connection_gives_no_answer(better_auth):
    better_auth.mode("drop")

    with pytest.raises(ConnectionError):
        better_auth.jwks()


def test_calls_are_counted_by_endpoint(better_auth):
    alice = better_auth.sign_up()

    better_auth.jwks()
    better_auth.mode("empty")
    better_auth.jwks()
    better_auth.get_session(alice)

    assert (better_auth.fetches(), better_auth.calls("/get-session")) == (2, 1)


def test_a_stopped_server_refuses_connections_and_forgets_nothing(better_auth):
    alice = better_auth.sign_up()

    better_auth.stop()
    with pytest.raises(ConnectionRefusedError):
        better_auth.jwks()
    better_auth.start()

    assert better_auth.get_session(alice)["user"]["id"] == alice.user_id


def test_each_server_is_an_issuer_of_its_own(start_better_auth):
    one, other = start_better_auth(), start_better_auth()
    alice = one.sign_up()

    assert one.url != other.url
    assert other.get_session(alice) is None
    assert one.jwks() != other.jwks()
    with pytest.raises(ValueError, match="not enough values"):
        verified(one.token(alice), other)


def test_a_tampered_payload_has_no_valid_signature(better_auth):
    header, _, signature = better_auth.token(better_auth.sign_up()).split(".")
    forged = f"{header}.{b64(b'{}')}.{signature}"

    assert unb64(forged.split(".")[1]) == b"{}"
    with pytest.raises(jwt.InvalidSignatureError):
        verified(forged, better_auth)
