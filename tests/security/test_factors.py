"""API2:2023 Broken authentication: ways around the second factor (ASVS 6.3.4, 6.5)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests import forging
from tests.factories import PASSWORD
from tests.signing_in import app_code

TOKEN, EXCHANGE = "/api/v1/auth/token", "/api/v1/auth/token/exchange"
STEP = "/accounts/2fa/step/"
PASSKEY = "/accounts/2fa/sign-in/"


def code_of(user, **away):
    return app_code(user["secret"], at=datetime.now(UTC) + timedelta(**away))


WRONG = {
    "none": lambda dora, eve: None,
    "empty": lambda dora, eve: "",
    "zeroes": lambda dora, eve: "000000",
    "letters": lambda dora, eve: "abcdef",
    "list": lambda dora, eve: [code_of(dora)],
    "object": lambda dora, eve: {"code": code_of(dora)},
    "number": lambda dora, eve: 0,
    "true": lambda dora, eve: True,
    "other digits": lambda dora, eve: "\u0661\u0662\u0663\u0664\u0665\u0666",
    "10,000 characters": lambda dora, eve: code_of(dora) * 1700,
    "NUL": lambda dora, eve: "\0" + code_of(dora)[1:],
    "wildcard": lambda dora, eve: "%%%%%%",
    "old code": lambda dora, eve: code_of(dora, minutes=-10),
    "future code": lambda dora, eve: code_of(dora, minutes=10),
    "code of another user": lambda dora, eve: code_of(eve),
    "recovery code of another user": lambda dora, eve: eve["codes"][0],
    "two codes": lambda dora, eve: f"{dora['codes'][0]},{dora['codes'][1]}",
    "secret": lambda dora, eve: dora["secret"],
    "password": lambda dora, eve: PASSWORD,
}


@pytest.fixture
def dora(target):
    return target.cast["factors"]["dora"]


@pytest.fixture
def eve(target):
    return target.cast["factors"]["eve"]


def signs_in(target, user, **fields):
    body = {"email": user["email"], "password": PASSWORD, **fields}
    return target.api("POST", TOKEN, body)


def test_the_password_alone_gives_no_token(target, dora):
    answer = signs_in(target, dora)

    assert (answer.status, answer.json()["code"]) == (403, "mfa_required")


@pytest.mark.parametrize("name", WRONG)
def test_no_wrong_code_gives_a_token(target, dora, eve, name):
    answer = signs_in(target, dora, code=WRONG[name](dora, eve))

    assert answer.status in {400, 401, 403}
    assert "access" not in answer.json()


@pytest.mark.parametrize(
    "field", ["otp", "mfa_code", "skip_mfa", "mfa", "trusted", "remember", "amr"]
)
def test_no_other_field_replaces_the_code(target, dora, field):
    assert signs_in(target, dora, **{field: True}).status in {400, 403}


def test_a_recovery_code_works_once(target, eve):
    code = eve["codes"][5]
    first = signs_in(target, eve, code=code)
    target.secrets.add(first.json().get("access", ""))

    assert first.status == 200
    assert signs_in(target, eve, code=code).status == 401


def begun(target, user, cookies=""):
    """Sign in by password, and return the cookies of the browser."""
    form = {"login": user["email"], "password": PASSWORD}
    headers = {"Cookie": f"ownlist_csrf={'c' * 32}; {cookies}"}
    answer = target.page("POST", "/accounts/login/", form, headers=headers)
    sent = answer.headers.get_all("Set-Cookie") or []
    found = [one.partition(";")[0] for one in sent]
    for one in found:
        if one.startswith("ownlist_session="):
            target.secrets.add(one.partition("=")[2])
    return answer, "; ".join([headers["Cookie"], *found])


@pytest.mark.parametrize(
    "path",
    [
        *("/inbox/", "/accounts/security/", "/accounts/2fa/", "/accounts/2fa/codes/"),
        *(
            "/accounts/tokens/",
            "/accounts/credentials/",
            "/accounts/email/",
            "/export/",
        ),
    ],
)
def test_the_password_alone_opens_no_page(target, dora, path):
    answer, cookies = begun(target, dora)

    assert answer.headers["Location"].startswith(STEP)
    opened = target.send("GET", path, headers={"Cookie": cookies})
    assert opened.status == 302
    assert opened.headers["Location"].startswith("/accounts/")


@pytest.mark.parametrize(
    "path", ["/api/v1/users/me", "/api/v1/tasks", "/api/v1/export"]
)
def test_the_password_alone_opens_no_endpoint(target, dora, path):
    _, cookies = begun(target, dora)

    assert target.send("GET", path, headers={"Cookie": cookies}).status == 401


FORM_CODES = [
    name for name in WRONG if name not in {"list", "object", "true", "number"}
]


@pytest.mark.parametrize("name", FORM_CODES)
def test_no_wrong_code_finishes_a_sign_in(target, dora, eve, name):
    _, cookies = begun(target, dora)
    form = {"code": WRONG[name](dora, eve) or ""}

    target.page("POST", STEP, form, headers={"Cookie": cookies})

    assert target.send("GET", "/inbox/", headers={"Cookie": cookies}).status == 302


@pytest.mark.parametrize(
    "cookie",
    ["{eve}", "{cut}", "x", "a-9999999999:x:y", "{eve}{eve}", "\0", "0-0"],
)
def test_no_cookie_but_her_own_makes_a_browser_a_trusted_one(target, dora, eve, cookie):
    text = cookie.format(eve=eve["trusted"], cut=eve["trusted"][:-2])
    text = text.replace("\0", "%00")

    answer, _ = begun(target, dora, f"ownlist_trusted={text}")

    assert answer.headers.get("Location", "").startswith(STEP)


def test_a_trusted_browser_does_not_replace_the_code_of_the_api(target, eve):
    body = f'{{"email": "{eve["email"]}", "password": "{PASSWORD}"}}'.encode()
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"ownlist_trusted={eve['trusted']}",
    }

    assert target.send("POST", TOKEN, body, headers).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/users/me"),
        ("GET", "/api/v1/tasks"),
        ("POST", "/api/v1/tasks"),
        ("GET", "/api/v1/export"),
        ("POST", EXCHANGE),
    ],
)
def test_a_token_of_better_auth_does_not_replace_the_factor(
    target, issuer, method, path
):
    claims = forging.better_auth_claims(issuer.url, "dora", datetime.now(UTC))
    claims |= {"amr": ["mfa"], "acr": "2", "auth_time": claims["iat"]}
    token = forging.sign(claims, forging.key_of("EdDSA"))
    headers = {"Authorization": f"Bearer {token}"}

    answer = target.api(method, path, {} if method == "POST" else None, headers=headers)

    assert (answer.status, answer.json()["code"]) == (403, "mfa_required")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"credential": {}}',
        b'{"credential": {"id": "x", "rawId": "x", "type": "public-key"}}',
        b'{"credential": null}',
        b"credential=%7B%7D",
        b"credential=" + b"A" * 50_000,
        b"[" * 5_000,
    ],
    ids=lambda body: body[:20].decode(),
)
@pytest.mark.parametrize("path", [STEP, PASSKEY, "/accounts/login/"])
def test_no_made_up_passkey_signs_anyone_in(target, dora, path, body):
    _, cookies = begun(target, dora)
    kind = "application/json" if body[:1] in {b"{", b"["} else FORM
    headers = {
        "Cookie": cookies,
        "Content-Type": kind,
        "Origin": target.origin,
        "X-CSRFToken": "c" * 32,
    }

    answer = target.send("POST", path, body, headers)

    assert not any(
        cookie.startswith("ownlist_trusted=")
        for cookie in answer.headers.get_all("Set-Cookie") or []
    )
    assert target.send("GET", "/inbox/", headers={"Cookie": cookies}).status == 302


FORM = "application/x-www-form-urlencoded"
