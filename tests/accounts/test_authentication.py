"""The authentication classes: the credentials that they accept and refuse."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import credentials, tokens
from accounts.models import RefreshFamily, User
from config.api.problems import CREDENTIAL_REFUSED
from tests.factories import PASSWORD

ME = "/api/v1/users/me"


@pytest.fixture
def claims_of(db):
    """Return the claims of an access token that is accepted."""

    def make(user):
        text = tokens.start_family(user=user, at=timezone.now()).access
        return jwt.decode(text, options={"verify_signature": False})

    return make


def sign(claims, *, key=None, algorithm="HS256", headers=None):
    """Sign any claims, without the checks of the library."""
    return jwt.api_jws.encode(
        json.dumps(claims).encode(),
        settings.JWT_SIGNING_KEY if key is None else key,
        algorithm=algorithm,
        headers=headers,
    )


def segment(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def by_hand(header, claims, *, key=None):
    """Sign with HMAC-SHA256 under any header, as an attacker can."""
    signed = f"{segment(header)}.{segment(claims)}"
    secret = (settings.JWT_SIGNING_KEY if key is None else key).encode()
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{segment(digest)}"


def call(token, *, scheme="Bearer"):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {token}")
    return client.get(ME)


def assert_refused(response):
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": CREDENTIAL_REFUSED,
        "code": "token_not_valid",
    }


# --- Accepted -----------------------------------------------------------------------


def test_an_access_token_opens_the_api(alice, claims_of):
    response = call(sign(claims_of(alice)))

    assert response.status_code == 200
    assert response.json()["id"] == str(alice.pk)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_without_regard_to_case(alice, claims_of, scheme):
    response = call(sign(claims_of(alice)), scheme=scheme)

    assert response.status_code == 200


def test_a_session_opens_the_api_for_reading(page_as, alice):
    response = page_as(alice).get(ME)

    assert response.status_code == 200


def test_a_token_is_checked_with_one_query_for_the_user(
    alice, claims_of, django_assert_num_queries
):
    token = sign(claims_of(alice))

    with django_assert_num_queries(2):  # one to authenticate, one for the user to show
        response = call(token)

    assert response.status_code == 200


# --- Claims, each broken once -------------------------------------------------------

SOON = 4_000_000_000  # of the year 2096, so it stays the same in every process
FAR = 10**30  # beyond the maximum date
MISSING = object()

BROKEN_CLAIMS = [
    ("iss", MISSING),
    ("iss", "https://elsewhere.example"),
    ("iss", "http://127.0.0.1:8000/"),
    ("iss", ["http://127.0.0.1:8000"]),
    ("iss", 7),
    ("iss", None),
    ("aud", MISSING),
    ("aud", "http://127.0.0.1:8000"),
    ("aud", "http://127.0.0.1:8000/api/"),
    ("aud", ["http://127.0.0.1:8000/api"]),
    ("aud", ["http://127.0.0.1:8000/api", "https://elsewhere.example"]),
    ("aud", {"http://127.0.0.1:8000/api": True}),
    ("aud", 7),
    ("aud", None),
    ("typ", MISSING),
    ("typ", "refresh"),
    ("typ", "ACCESS"),
    ("typ", ["access"]),
    ("typ", None),
    ("jti", MISSING),
    ("jti", 7),
    ("jti", None),
    ("jti", ["a"]),
    ("sub", MISSING),
    ("sub", "alice@example.com"),
    ("sub", ""),
    ("sub", "\x00"),
    ("sub", "\ud800"),
    ("sub", 1),
    ("sub", None),
    ("sub", {"id": 1}),
    ("sub", "5c1f3d0e-6a54-4f0a-9b1c-3a2b1c0d9e8f"),
    ("exp", MISSING),
    ("exp", 0),
    ("exp", -1),
    ("exp", FAR),
    ("exp", 10**12),
    ("exp", 9e99),
    ("exp", float("inf")),
    ("exp", float("nan")),
    ("exp", SOON + 0.5),
    ("exp", str(SOON)),
    ("exp", True),
    ("exp", None),
    ("exp", [1]),
    ("iat", MISSING),
    ("iat", SOON),
    ("iat", FAR),
    ("iat", 1.5),
    ("iat", "now"),
    ("iat", True),
    ("iat", None),
    ("nbf", SOON),
    ("nbf", "tomorrow"),
    ("nbf", FAR),
    ("epoch", MISSING),
    ("epoch", 1),
    ("epoch", -1),
    ("epoch", FAR),
    ("epoch", "0"),
    ("epoch", 0.0),
    ("epoch", False),
    ("epoch", None),
    ("family", MISSING),
    ("family", "nobody"),
    ("family", 7),
    ("family", None),
    ("family", ["a"]),
]


@pytest.mark.parametrize(
    ("claim", "value"),
    BROKEN_CLAIMS,
    ids=[
        f"{claim} {'missing' if value is MISSING else repr(value)[:30]}"
        for claim, value in BROKEN_CLAIMS
    ],
)
def test_a_token_with_one_broken_claim_is_refused(alice, claims_of, claim, value):
    claims = claims_of(alice) | {claim: value}
    if value is MISSING:
        del claims[claim]

    assert_refused(call(sign(claims)))


@pytest.mark.parametrize("claims", [[], "text", 7, None, {}])
def test_a_token_whose_claims_are_not_an_object_is_refused(db, claims):
    assert_refused(call(sign(claims)))


def test_an_expired_token_is_refused(alice, claims_of):
    now = int(time.time())

    assert_refused(call(sign(claims_of(alice) | {"iat": now - 400, "exp": now - 1})))


def test_a_token_that_another_machine_issued_a_minute_later_is_accepted(
    alice, claims_of
):
    """Clocks differ, and a clock that was fast may be set back."""
    now = int(time.time())

    soon = claims_of(alice) | {"iat": now + tokens.LEEWAY - 5}
    late = claims_of(alice) | {"iat": now + tokens.LEEWAY + 30}

    assert call(sign(soon)).status_code == 200
    assert_refused(call(sign(late)))


# --- Signatures ---------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, []])
def test_an_unsigned_token_is_refused(alice, claims_of, algorithm):
    header = {"alg": algorithm, "typ": "JWT"}
    unsigned = f"{segment(header)}.{segment(claims_of(alice))}."

    assert_refused(call(unsigned))
    assert_refused(call(by_hand(header, claims_of(alice))))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_our_own_key_under_another_algorithm_is_refused(alice, claims_of, algorithm):
    assert_refused(call(sign(claims_of(alice), algorithm=algorithm)))


@pytest.mark.parametrize(
    "key", ["another-key-of-more-than-thirty-two-bytes", "secret" * 6]
)
def test_a_token_signed_with_another_key_is_refused(alice, claims_of, key):
    assert_refused(call(sign(claims_of(alice), key=key)))


def test_the_secret_key_does_not_sign_tokens(alice, claims_of):
    assert_refused(call(sign(claims_of(alice), key=settings.SECRET_KEY)))


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("EdDSA", Ed25519PrivateKey.generate()),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("RS256", rsa.generate_private_key(65537, 2048)),
    ],
    ids=["EdDSA", "ES256", "RS256"],
)
def test_an_asymmetric_signature_is_refused_while_we_sign_by_secret(
    alice, claims_of, algorithm, key
):
    headers = {"jwk": {"kty": "oct", "k": "AA"}, "jku": "http://127.0.0.1/keys"}

    assert_refused(call(sign(claims_of(alice), key=key, algorithm=algorithm)))
    assert_refused(
        call(sign(claims_of(alice), key=key, algorithm=algorithm, headers=headers))
    )


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "crit": "exp"},
        {"alg": "HS256", "kid": 7},
        {"alg": {"HS256": 1}},
        {"typ": "JWT"},
        [],
        "HS256",
    ],
    ids=str,
)
def test_a_token_with_an_invalid_header_is_refused(alice, claims_of, header):
    assert_refused(call(by_hand(header, claims_of(alice))))


def test_a_changed_or_cut_token_is_refused(alice, claims_of):
    token = sign(claims_of(alice))
    head, body, signature = token.split(".")
    other = segment(claims_of(alice) | {"sub": "5c1f3d0e-6a54-4f0a-9b1c-3a2b1c0d9e8f"})

    for forged in [
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}..{signature}",
        f".{body}.{signature}",
        f"{head}.{body}.{signature}.{signature}",
        token[:-1],
        token[:-10],
        token[: len(token) // 2],
        token + "A" * 4,
        head,
        "..",
        "...",
        ".",
    ]:
        assert_refused(call(forged))


# --- Headers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a b c",
        "Bearer a, Bearer b",
        "Bearer " + "a" * 100_000,
        "Bearer " + "a." * 50_000,
        "Bearer \xfc\xf1\xee.c\xf8d\xe9.t\xf6ken",
        "Bearer \x80\xff",
        "Bearer null",
        "Bearer undefined",
        "Bearer {}",
        'Bearer "token"',
        "Bearer=abc",
        "Bearer:abc",
        "Basic YWxpY2VAZXhhbXBsZS5jb206cGFzc3dvcmQ=",
        "Token abc",
        "Digest username=alice",
        "JWT abc",
        "ApiKey",
        "\xa0",
        ",",
    ],
    ids=lambda header: repr(header)[:30],
)
def test_a_header_that_holds_no_token_is_refused(db, header):
    client = APIClient()

    assert_refused(client.get(ME, HTTP_AUTHORIZATION=header))


def test_two_tokens_in_one_header_are_refused(alice, claims_of):
    token = sign(claims_of(alice))

    assert_refused(call(f"{token} {token}"))
    assert_refused(call(f"{token},{token}"))


@pytest.mark.parametrize("header", ["Basic abc", "Token abc", "Bearer abc", "Bearer"])
def test_a_refused_header_does_not_fall_back_to_a_valid_session(page_as, alice, header):
    client = page_as(alice)

    assert_refused(client.get(ME, HTTP_AUTHORIZATION=header))


def test_a_token_counts_before_the_session_of_another_user(
    page_as, alice, bob, claims_of
):
    browser = page_as(bob)

    response = browser.get(ME, HTTP_AUTHORIZATION=f"Bearer {sign(claims_of(alice))}")

    assert response.json()["id"] == str(alice.pk)


@pytest.mark.parametrize("place", ["access_token", "token", "jwt", "Authorization"])
def test_a_token_in_the_url_or_in_a_cookie_is_ignored(alice, claims_of, place):
    token = sign(claims_of(alice))
    client = APIClient()
    client.cookies[place] = token

    assert_refused(client.get(ME, {place: token}))


def test_no_credential_is_refused_in_the_same_words(api, db):
    assert_refused(api.get(ME))


def test_a_refresh_token_does_not_open_the_api(alice):
    pair = tokens.start_family(user=alice, at=timezone.now())

    assert_refused(call(pair.refresh))


def test_an_access_token_can_not_be_refreshed(api, alice):
    pair = tokens.start_family(user=alice, at=timezone.now())

    response = api.post("/api/v1/auth/token/refresh", {"refresh": pair.access})

    assert_refused(response)


# --- Deleted users ------------------------------------------------------------------


def test_a_deactivated_users_token_is_refused(api_as, alice):
    client = api_as(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert_refused(client.get(ME))


def test_a_deleted_users_token_is_refused(api_as, alice):
    client = api_as(alice)
    alice.delete()

    assert_refused(client.get(ME))


def test_a_deactivated_users_session_is_refused(page_as, alice):
    browser = page_as(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert_refused(browser.get(ME))


# --- The end of every credential ----------------------------------------------------


@pytest.fixture
def signed_in(page_as, alice):
    """Alice's credentials of every kind, each shown to work."""
    pair = tokens.start_family(user=alice, at=timezone.now())
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    browser = page_as(alice)
    assert program.get(ME).status_code == 200
    assert browser.get(ME).status_code == 200
    return {"program": program, "browser": browser, "refresh": pair.refresh}


def assert_all_ended(signed_in):
    assert_refused(signed_in["program"].get(ME))
    assert_refused(signed_in["browser"].get(ME))
    assert_refused(
        APIClient().post(
            "/api/v1/auth/token/refresh", {"refresh": signed_in["refresh"]}
        )
    )


def test_signing_out_everywhere_ends_every_credential(signed_in, alice):
    credentials.sign_out_everywhere(user=alice, at=timezone.now())

    assert_all_ended(signed_in)


def test_deactivation_ends_every_credential_permanently(signed_in, alice):
    credentials.deactivate(user=alice, at=timezone.now())

    assert_all_ended(signed_in)

    credentials.reactivate(user=alice, at=timezone.now())

    assert_all_ended(signed_in)


def test_a_password_change_by_api_ends_every_other_credential(signed_in, api_as, alice):
    response = api_as(alice).post(
        "/api/v1/auth/password",
        {"old_password": PASSWORD, "new_password": "another long enough phrase"},
    )

    assert response.status_code == 204
    assert_all_ended(signed_in)


def test_a_password_change_on_the_page_ends_every_other_credential(
    signed_in, page_as, alice
):
    browser = page_as(alice)

    response = browser.post(
        reverse("account_change_password"),
        {
            "oldpassword": PASSWORD,
            "password1": "another long enough phrase",
            "password2": "another long enough phrase",
        },
    )

    assert response.status_code == 303
    assert_all_ended(signed_in)
    assert browser.get(ME).status_code == 200


def test_a_request_for_deletion_ends_every_credential(signed_in, alice):
    credentials.request_deletion(user=alice, at=timezone.now())

    assert_all_ended(signed_in)


def test_ending_the_credentials_of_one_user_keeps_those_of_others(api_as, alice, bob):
    client = api_as(bob)

    credentials.sign_out_everywhere(user=alice, at=timezone.now())

    assert client.get(ME).status_code == 200


# --- Sessions and CSRF --------------------------------------------------------------


def test_a_session_can_not_write_without_the_csrf_token(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice, backend=settings.AUTHENTICATION_BACKENDS[0])

    response = browser.post(
        "/api/v1/tasks", {"title": "Planted"}, content_type="application/json"
    )

    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert alice.tasks.count() == 0


def test_a_token_writes_without_a_csrf_token(alice, claims_of):
    client = APIClient(enforce_csrf_checks=True)

    response = client.post(
        "/api/v1/tasks",
        {"title": "Buy milk"},
        HTTP_AUTHORIZATION=f"Bearer {sign(claims_of(alice))}",
    )

    assert response.status_code == 201


# --- EdDSA --------------------------------------------------------------------------


@pytest.fixture
def ed25519(settings):
    """Sign with a private key, as with JWT_PRIVATE_KEY."""
    key = Ed25519PrivateKey.generate()
    settings.JWT_PRIVATE_KEY = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
    return key


def test_with_a_private_key_the_token_is_signed_by_eddsa(ed25519, alice, api_as):
    token = tokens.start_family(user=alice, at=timezone.now()).access

    header = jwt.get_unverified_header(token)

    assert header["alg"] == "EdDSA"
    assert header["kid"] == tokens.key_id()
    assert api_as(alice).get(ME).status_code == 200


def test_the_published_key_alone_verifies_a_token(ed25519, alice, client):
    token = tokens.start_family(user=alice, at=timezone.now()).access

    published = client.get("/.well-known/jwks.json").json()

    keys = jwt.PyJWKSet.from_dict(published)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience=settings.SIMPLE_JWT["AUDIENCE"],
        issuer=settings.BASE_URL,
    )
    assert claims["sub"] == str(alice.pk)
    assert all("d" not in entry for entry in published["keys"])


def test_no_key_is_published_while_we_sign_by_secret(client):
    assert client.get("/.well-known/jwks.json").json() == {"keys": []}


def test_the_public_key_cannot_be_used_as_an_hs256_secret(ed25519, alice, claims_of):
    public = ed25519.public_key()
    claims = claims_of(alice)
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    for key in [pem, pem.strip(), segment(raw), tokens.key_id()]:
        for header in [
            {"alg": "HS256", "kid": tokens.key_id()},
            {"alg": "EdDSA", "kid": tokens.key_id()},
            {"alg": "HS256"},
        ]:
            assert_refused(call(by_hand(header, claims, key=key)))


def test_the_secret_signs_nothing_once_a_private_key_is_set(ed25519, alice, claims_of):
    assert_refused(call(sign(claims_of(alice))))


def test_another_private_key_is_refused(ed25519, alice, claims_of):
    other = Ed25519PrivateKey.generate()
    headers = {"kid": tokens.key_id()}

    token = sign(claims_of(alice), key=other, algorithm="EdDSA", headers=headers)

    assert_refused(call(token))


def test_a_token_signed_before_a_change_of_key_is_refused(settings, alice):
    before = tokens.start_family(user=alice, at=timezone.now()).access
    settings.JWT_SIGNING_KEY = "a new key that has more than thirty-two bytes"

    assert_refused(call(before))


# --- The ledger ---------------------------------------------------------------------


def test_the_ledger_names_the_sign_in_and_not_the_token(api_as, alice):
    api_as(alice).post("/api/v1/tasks", {"title": "Buy milk"})

    family = RefreshFamily.objects.get(user=alice)
    assert alice.changes.get().credential == f"token:{family.pk}"
