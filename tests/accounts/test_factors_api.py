"""No way into the API skips the second factor."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import factors, tokens
from accounts.better_auth.identities import find_or_provision, set_skips_factor
from accounts.better_auth.verifier import verify
from accounts.credentials import sign_out_everywhere
from accounts.models import LinkedIdentity, RefreshFamily, SecurityEvent, User
from tests.factories import PASSWORD
from tests.signing_in import app_code, program_of, with_app

pytestmark = pytest.mark.django_db

TOKEN, EXCHANGE = "/api/v1/auth/token", "/api/v1/auth/token/exchange"
ME = "/api/v1/users/me"


@pytest.fixture
def secret(alice):
    return with_app(alice, at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def code(secret):
    return app_code(secret, at=timezone.now())


@pytest.fixture
def sign_in(api, alice):
    def post(**fields):
        body = {"email": alice.email, "password": PASSWORD, **fields}
        return api.post(TOKEN, body)

    return post


def test_the_password_grant_asks_for_the_code_and_takes_it(sign_in, code, api_with):
    asked = sign_in()
    given = sign_in(code=code)

    assert (asked.status_code, asked.json()["code"]) == (403, "mfa_required")
    assert "Send `code` as well" in asked.json()["detail"]
    assert given.status_code == 200
    assert api_with(given.json()["access"]).get(ME).status_code == 200


def test_a_wrong_password_is_told_nothing_about_the_factor(sign_in, code):
    bare = sign_in(password="wrong")
    with_code = sign_in(password="wrong", code=code)

    assert bare.status_code == with_code.status_code == 401
    assert bare.json() == with_code.json()


@pytest.mark.parametrize("wrong", ["000000", "abc", "12345678"])
def test_a_wrong_code_is_refused_and_recorded(sign_in, alice, secret, wrong):
    response = sign_in(code=wrong)

    assert (response.status_code, response.json()["code"]) == (401, "wrong_code")
    kinds = alice.security_events.values_list("kind", flat=True)
    assert SecurityEvent.Kind.FACTOR_FAILED in kinds
    assert not RefreshFamily.objects.exists()


@pytest.mark.parametrize("wrong", [None, [], {}, "x" * 10_000])
def test_a_code_of_the_wrong_type_is_a_validation_error(sign_in, secret, wrong):
    assert sign_in(code=wrong).status_code == 400


@pytest.mark.usefixtures("one_rate_window")
def test_wrong_codes_are_limited_like_wrong_passwords(sign_in, code):
    for _ in range(10):
        assert sign_in(code="000000").status_code == 401

    response = sign_in(code=code)

    assert response.status_code == 429
    assert "Retry-After" in response


def test_a_code_is_used_up_for_pages_and_api_together(sign_in, code, alice):
    assert sign_in(code=code).status_code == 200
    assert sign_in(code=code).json()["code"] == "wrong_code"

    client = Client()
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_is_accepted_once(sign_in, alice, secret):
    recovery = factors.show_codes(user=alice, at=timezone.now())[0]

    assert sign_in(code=recovery).status_code == 200
    assert sign_in(code=recovery).status_code == 401


def test_a_code_is_ignored_without_a_factor(sign_in):
    assert sign_in(code="000000").status_code == 200


# --- A recent sign-in ---------------------------------------------------------------


def test_a_token_from_before_the_factor_is_not_recent(alice):
    before = program_of(alice, authenticated_at=timezone.now() - timedelta(minutes=2))
    with_app(alice, at=timezone.now())

    assert before.get(ME).status_code == 200
    response = before.delete(ME)
    assert (response.status_code, response.json()["code"]) == (
        403,
        "recent_sign_in_required",
    )


def test_a_token_with_the_code_is_recent(sign_in, code, api_with):
    access = sign_in(code=code).json()["access"]

    assert api_with(access).delete(ME).status_code == 204


def test_the_old_password_makes_no_sign_in_recent(alice, secret, api_with):
    User.objects.update(factor_since=timezone.now() - timedelta(hours=1))
    alice.refresh_from_db()
    proved_at = (timezone.now() - timedelta(minutes=10)).replace(microsecond=0)
    pair = tokens.start_family(
        user=alice, at=timezone.now(), authenticated_at=proved_at
    )
    body = {"old_password": PASSWORD, "new_password": "an entirely new phrase"}
    assert api_with(pair.access).post("/api/v1/auth/password", body).status_code == 204

    after = tokens.rotate(refresh=pair.refresh, at=timezone.now())

    assert tokens.AccessToken.read(after.access).authenticated_at == proved_at


# --- Linked identities --------------------------------------------------------------


@pytest.fixture
def identity(alice, better_auth, settings):
    """An identity of Alice at a real Better Auth server."""
    settings.BETTER_AUTH_ISSUERS = json.dumps(
        [{"url": better_auth.url, "sessions": True}]
    )
    there = better_auth.sign_up()
    now = timezone.now()
    token = verify(better_auth.token(there), now=now.timestamp())
    identity = find_or_provision(token, at=now)
    LinkedIdentity.objects.update(user=alice)
    identity.there = there
    return identity


@pytest.fixture
def program(identity, better_auth, api_with):
    return api_with(better_auth.token(identity.there))


def allow(user, identity, *, skips=True):
    set_skips_factor(user=user, identity=identity, skips=skips, at=timezone.now())


def test_a_pass_through_token_is_refused_until_its_user_allows_it(
    alice, identity, program, secret, api_with
):
    by_session = api_with(identity.there.token)

    refused = [program.get(ME), by_session.get(ME)]
    allow(alice, identity)
    allowed = [program.get(ME), by_session.get(ME)]
    allow(alice, identity, skips=False)

    assert {one.json()["code"] for one in refused} == {"mfa_required"}
    assert [one.status_code for one in refused] == [403, 403]
    assert [one.status_code for one in allowed] == [200, 200]
    assert program.get(ME).status_code == 403


def test_the_exchange_takes_the_code(program, api_with, code):
    assert program.post(EXCHANGE).json()["code"] == "mfa_required"
    assert program.post(EXCHANGE, {"code": "000000"}).json()["code"] == "wrong_code"
    pair = program.post(EXCHANGE, {"code": code})

    assert pair.status_code == 200
    assert api_with(pair.json()["access"]).delete(ME).status_code == 204  # recent


def test_an_allowed_identity_is_exchanged_but_is_not_a_recent_sign_in(
    alice, identity, program, api_with, secret
):
    allow(alice, identity)

    pair = program.post(EXCHANGE)

    assert pair.status_code == 200
    assert api_with(pair.json()["access"]).delete(ME).status_code == 403


def test_only_an_exchange_by_a_new_program_is_mailed(
    alice, program, mailoutbox, django_capture_on_commit_callbacks
):
    mails = []
    for agent in ("curl/8.1", "curl/8.2", "python-httpx/0.27", "python-httpx/0.28"):
        with django_capture_on_commit_callbacks(execute=True):
            answer = program.post(EXCHANGE, headers={"user-agent": agent})
        assert answer.status_code == 200
        mails.append(len(mailoutbox))

    assert mails == [0, 0, 1, 1]
    assert mailoutbox[0].subject == "New sign-in to your Ownlist account"


def test_a_cookie_is_refused_until_its_user_allows_it(alice, identity, secret):
    browser = Client()
    for name, value in identity.there.cookies.items():
        browser.cookies[name] = value

    refused = browser.get("/", follow=True)
    assert "Your account requires a second step" in refused.text
    assert browser.get(ME).status_code == 401
    allow(alice, identity)

    assert browser.get("/").status_code == 200
    assert browser.get(reverse("accounts:codes"))["Location"].startswith(
        reverse("mfa_reauthenticate")
    )


def test_a_factor_added_in_the_session_of_a_cookie_keeps_it_signed_in(alice, identity):
    browser, other = Client(), Client()
    for name, value in identity.there.cookies.items():
        browser.cookies[name] = other.cookies[name] = value
    page = browser.get(reverse("accounts:app-add"))
    secret = "".join(page.context["groups"])

    code = app_code(secret, at=timezone.now())
    browser.post(reverse("accounts:app-add"), {"code": code})

    assert browser.get(reverse("accounts:codes")).status_code == 200
    assert other.get("/").status_code == 302
    sign_out_everywhere(user=alice, at=timezone.now())
    assert browser.get("/").status_code == 302
