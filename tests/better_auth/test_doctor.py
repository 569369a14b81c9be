"""The doctor explains what is wrong with the settings or a token."""

import io
import logging
import re
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import credentials, tokens
from accounts.better_auth.doctor import REASONS, check_settings, explain_token
from accounts.better_auth.exceptions import TokenRejected
from accounts.models import LinkedIdentity, User
from tests import forging
from tests.factories import UserFactory

SECRET = "a secret of both servers, of more than 32 bytes"
KEY = forging.key_of("EdDSA")


def printed(findings):
    return "\n".join(
        f"{'ok' if finding.passed else 'failed'} {finding.text}" for finding in findings
    )


def explained(token):
    return printed(explain_token(token, now=time.time()))


# --- The configuration --------------------------------------------------------------


def test_a_real_server_is_found_healthy(better_auth, trust):
    trust(better_auth)
    better_auth.token(better_auth.sign_up())

    text = printed(check_settings())

    assert "failed" not in text
    assert f"Issuer {better_auth.url}, audience {better_auth.url}." in text
    assert f"{better_auth.jwks_url} responded in" in text
    assert "1 of its 1 keys can be used: EdDSA." in text


def test_nothing_configured_names_the_setting(settings):
    settings.BETTER_AUTH_ISSUERS = ""
    settings.BETTER_AUTH = dict.fromkeys(settings.BETTER_AUTH, "")

    assert printed(check_settings()) == (
        "failed No issuer is configured. Set BETTER_AUTH_URL."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "failed BETTER_AUTH_ISSUERS is not JSON"),
        ('[{"url": "http://app.example.com"}]', "failed BETTER_AUTH_ISSUERS[0].url is"),
    ],
)
def test_a_wrong_setting_is_named(settings, text, says):
    settings.BETTER_AUTH_ISSUERS = text

    assert printed(check_settings()).startswith(says)


@pytest.mark.parametrize(
    ("mode", "words", "says"),
    [
        ("unavailable", {"status": 404}, "(status 404)"),
        ("unavailable", {}, "(status 503)"),
        ("html", {}, "(JSONDecodeError)"),
        ("cut", {}, "no usable response"),
        ("drop", {}, "no usable response"),
        ("redirect", {}, "(status 302)"),
        ("huge", {"megabytes": 1}, "(too large)"),
        ("wrong_type", {}, "not with a list of keys"),
        ("body", {"body": '{"keys": {}}'}, "not with a list of keys"),
        ("empty", {}, "no key yet"),
    ],
)
def test_an_answer_without_keys_is_explained(key_server, trust, mode, words, says):
    key_server.publish(forging.jwk(KEY))
    key_server.mode(mode, **words)
    trust(key_server)

    text = printed(check_settings())

    (failed,) = [line for line in text.splitlines() if line.startswith("failed")]
    assert says in failed
    assert key_server.jwks_url in text
    assert ("BETTER_AUTH_JWKS_URL" in failed) is ("no usable response" in failed)


def test_an_unreachable_issuer_is_explained(trust):
    trust({"url": "http://127.0.0.1:1"})

    text = printed(check_settings())

    assert "failed" in text
    assert "(ConnectionRefusedError)" in text


def test_keys_of_other_algorithms_are_counted(key_server, trust):
    key_server.publish(forging.jwk(KEY), forging.jwk(forging.key_of("ES256")))
    trust(key_server, algorithms=["RS256"])

    assert "failed None of its 2 keys is for RS256." in printed(check_settings())


def test_one_invalid_issuer_does_not_hide_the_next(start_key_server, trust):
    down, up = start_key_server(), start_key_server()
    down.mode("unavailable")
    up.publish(forging.jwk(KEY))
    trust(down, up)

    text = printed(check_settings())

    assert f"failed {down.jwks_url}" in text
    assert f"ok {up.jwks_url} responded" in text


def test_a_shared_secret_is_not_fetched_and_not_shown(key_server, trust):
    trust(key_server, shared_secret=SECRET)

    text = printed(check_settings())

    assert "failed" not in text
    assert "shared secret, by HS256 only" in text
    assert SECRET not in text
    assert key_server.fetches == 0


def test_sessions_are_checked_as_well(better_auth, trust):
    trust(better_auth, sessions=True)
    better_auth.token(better_auth.sign_up())

    assert "ok Session tokens are checked there" in printed(check_settings())


def test_sessions_that_cannot_be_checked_are_reported(better_auth, trust):
    trust(better_auth, sessions=True)
    better_auth.mode("unavailable", path="/get-session")

    text = printed(check_settings())

    assert f"failed {better_auth.url}/api/auth/get-session gives no usable" in text


# --- A token ------------------------------------------------------------------------


@pytest.fixture
def server(key_server, trust):
    """An issuer whose tokens the test signs."""
    key_server.publish(forging.jwk(KEY), forging.jwk(forging.key_of("ES256")))
    trust(key_server, algorithms=["EdDSA", "RS256"])
    return key_server


def claims_of(server, **changes):
    return forging.better_auth_claims(
        server.url, "user-1", datetime.now(UTC), name="Alice Liddell", **changes
    )


# Changes of claims, with times in seconds from now; arguments of `forging.sign`; text.
WRONG = {
    "issuer": (
        {"iss": "https://other.example"},
        {},
        r"iss is 'https://other\.example', and the trusted issuers are: "
        ".*BETTER_AUTH_ISSUER",
    ),
    "no issuer": ({"iss": None}, {}, r"iss is missing, and the trusted issuers are: "),
    "audience": (
        {"aud": "somebody-else"},
        {},
        r"aud is 'somebody-else', and must be: .*BETTER_AUTH_AUDIENCE",
    ),
    "audiences": ({"aud": ["a", "b"]}, {}, r"aud is \['a', 'b'\], and must be"),
    "expired": ({"iat": -2000, "exp": -1000}, {}, "has expired"),
    "future": ({"iat": 500, "exp": 900}, {}, "clocks of the two servers"),
    "lifetime": ({"exp": 90000}, {}, "BETTER_AUTH_MAX_LIFETIME"),
    "claims": ({"exp": None}, {}, "lacks exp, iat, iss, aud or sub"),
    "time as text": ({"exp": "soon"}, {}, "wrong type"),
    "subject": ({"sub": ""}, {}, "sub is empty"),
    "banned": ({"banned": True}, {}, "This user is banned"),
    "type": ({}, {"header": {"typ": "at+jwt"}}, "another kind of token"),
    "key id": ({}, {"header": {"kid": None}}, r"names no key \(kid\)"),
    "unknown key": ({}, {"kid": "gone"}, "no such key.*BETTER_AUTH_JWKS_URL"),
    "algorithm": ({}, {"header": {"alg": "HS512"}}, "BETTER_AUTH_ALGORITHMS"),
    "algorithm of no key": (
        {},
        {"header": {"alg": "RS256"}},
        "BETTER_AUTH_ALGORITHMS|signature",
    ),
}


@pytest.mark.parametrize(("changes", "words", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_refusal_is_explained_by_its_cause(server, changes, words, says, capfd):
    now = int(time.time())
    changes = {k: now + v if type(v) is int else v for k, v in changes.items()}
    token = forging.sign(claims_of(server, **changes), KEY, **words)

    text = explained(token)

    assert text.startswith("failed ")
    assert re.search(says, text)
    assert "\n" not in text
    assert_is_silent(token, text, *capfd.readouterr())


def test_a_changed_token_is_explained(server):
    claims = claims_of(server)
    token = forging.tamper(forging.sign(claims, KEY), claims=claims | {"sub": "x"})

    assert "signature does not match" in explained(token)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "not a JWT"),
        ("abc", "not a JWT"),
        ("a.b.c", "not a JWT"),
        ("\ud800.\x00.ü", "not a JWT"),
        ("x" * 9000, "8192"),
        ("A" * 32, "BETTER_AUTH_SESSIONS"),
    ],
)
def test_text_that_is_not_a_jwt_is_explained(server, token, says):
    assert says in explained(token)


@pytest.mark.django_db
def test_recognises_our_own_token(server, alice):
    token = tokens.start_family(user=alice, at=timezone.now()).access

    assert (
        explained(token)
        == "failed This is one of our own tokens, not one of Better Auth."
    )


def test_unreachable_keys_do_not_reject_the_token(server):
    server.mode("unavailable")

    text = explained(forging.sign(claims_of(server), KEY))

    assert "503, not 401" in text
    assert text.startswith("failed")


def test_every_reason_has_an_explanation():
    listed = re.search(r"client:\s+(.*?)\n\s*\"?$", TokenRejected.__doc__, re.DOTALL)
    reasons = set(re.findall(r"[a-z_]+", listed[1]))

    assert reasons - {"issuer", "audience"} <= REASONS.keys()
    assert "expired" in reasons


def test_a_hostile_claim_cannot_write_to_the_terminal(server):
    claims = claims_of(server, aud="\x1b[2J\n" + "x" * 5000)

    text = explained(forging.sign(claims, KEY))

    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) < 600


# --- The user of the token ----------------------------------------------------------


@pytest.fixture
def linked_user(server, db):
    """A user who came from that issuer."""
    user = UserFactory(email="alice@example.com")
    LinkedIdentity.objects.create(
        user=user,
        issuer=server.url,
        subject="user-1",
        created_at=timezone.now(),
        last_used_at=timezone.now(),
    )
    return user


@pytest.mark.django_db
def test_explaining_a_token_of_a_new_user_creates_no_account(server):
    text = explained(forging.sign(claims_of(server), KEY))

    assert "ok The token is valid, for about 15 more minutes." in text
    assert "not linked yet" in text
    assert not User.objects.exists()
    assert not LinkedIdentity.objects.exists()


def test_a_good_token_names_the_account_by_its_id(server, linked_user):
    text = explained(forging.sign(claims_of(server), KEY))

    assert f"It authenticates user {linked_user.pk}." in text
    assert "the token gives access to the API" in text
    assert "failed" not in text


def test_reports_a_deactivated_account(server, linked_user):
    User.objects.filter(pk=linked_user.pk).update(is_active=False)

    assert "failed That account is deactivated." in explained(
        forging.sign(claims_of(server), KEY)
    )


def test_reports_a_suspended_identity_and_what_to_do(server, linked_user, api_with):
    LinkedIdentity.objects.update(suspended_at=timezone.now())
    token = forging.sign(claims_of(server), KEY)

    text = explained(token)

    assert "failed The password of that account was reset by mail" in text
    assert "keeps or disconnects each on the security page" in text
    assert api_with(token).get("/api/v1/users/me").status_code == 401


def test_a_token_of_staff_gives_access_to_the_api_only(server, linked_user, api_with):
    User.objects.filter(pk=linked_user.pk).update(is_staff=True)
    token = forging.sign(claims_of(server), KEY)

    text = explained(token)

    assert "no token gives access to the pages or the admin" in text
    assert "failed" not in text
    assert api_with(token).get("/api/v1/users/me").status_code == 200


def test_reports_a_token_older_than_the_sign_out(server, linked_user):
    token = forging.sign(claims_of(server), KEY)
    credentials.sign_out_everywhere(
        user=linked_user, at=timezone.now() + timedelta(seconds=5)
    )

    text = explained(token)

    assert "failed It was issued at" in text
    assert "Get a new token." in text


@pytest.mark.django_db
def test_a_session_token_is_checked_if_sessions_are_enabled(better_auth, trust):
    trust(better_auth, sessions=True)
    session = better_auth.sign_up()

    assert "ok The token is valid" in explained(session.token)
    better_auth.sign_out(session)
    assert explained(session.token).startswith("failed The session has ended")


# --- The command --------------------------------------------------------------------


class Terminal(io.StringIO):
    """The keyboard of a terminal."""

    def isatty(self):
        return True


def assert_is_silent(token, *texts):
    """The output contains neither the token nor its claims."""
    header, claims, signature = token.split(".")
    for text in texts:
        for secret in (token, claims, signature, "Alice", "user-1@example.com"):
            assert secret not in text


def run(monkeypatch, *options, typed="", kind=io.StringIO):
    monkeypatch.setattr(sys, "stdin", kind(typed))
    out = io.StringIO()
    try:
        call_command("better_auth_doctor", *options, stdout=out)
    except SystemExit as exc:
        return exc.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_succeeds_with_a_healthy_server(server, monkeypatch):
    status, text = run(monkeypatch)

    assert status == 0
    assert "ok     Issuer" in text
    assert "failed" not in text


def test_the_command_fails_if_a_check_fails(server, monkeypatch):
    server.mode("unavailable")

    status, text = run(monkeypatch)

    assert status == 1
    assert "failed" in text


def test_the_command_reads_a_token_from_standard_input(
    server, linked_user, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    token = forging.sign(claims_of(server), KEY)

    status, text = run(monkeypatch, "--token", typed=f"  {token}\r\nmore\n")

    assert status == 0
    assert f"user {linked_user.pk}" in text
    assert_is_silent(token, text, caplog.text)


def test_the_command_fails_for_a_refused_token(server, monkeypatch):
    token = forging.sign(claims_of(server, aud="other"), KEY)

    status, text = run(monkeypatch, "--token", typed=token)

    assert status == 1
    assert "BETTER_AUTH_AUDIENCE" in text
    assert_is_silent(token, text)


def test_the_command_reads_a_token_from_the_terminal_without_echo(server, monkeypatch):
    asked = []

    def getpass(prompt):
        asked.append(prompt)
        return "abc"

    monkeypatch.setattr("getpass.getpass", getpass)

    status, text = run(monkeypatch, "--token", kind=Terminal)

    assert asked == ["Token: "]
    assert (status, "not a JWT" in text) == (1, True)


def test_a_token_is_never_an_argument_of_the_command(server):
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command("better_auth_doctor", "--token", "a.b.c")
