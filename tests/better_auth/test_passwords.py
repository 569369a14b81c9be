"""Better Auth's password hashes: verified as they are, and replaced at a sign-in."""

import hashlib
import json
import logging
import unicodedata

import psycopg
import pytest
from django.contrib.auth.hashers import check_password, identify_hasher
from django.test import Client

from accounts.better_auth.passwords import BetterAuthPasswordHasher, imported
from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.slow

SALT = "00112233445566778899aabbccddeeff"
PASSWORD = "a long and quiet passphrase"  # noqa: S105

# As typed at Better Auth, and as typed here.
SPELLINGS = {
    "ASCII": ("correct horse battery", "correct horse battery"),
    "umlauts": ("Grüße an Jörg", "Grüße an Jörg"),
    "umlauts, decomposed here": (
        "Grüße an Jörg",
        unicodedata.normalize("NFD", "Grüße an Jörg"),
    ),
    "umlauts, decomposed there": (
        unicodedata.normalize("NFD", "Grüße an Jörg"),
        "Grüße an Jörg",
    ),
    "ligature": ("\ufb01ne and dandy", "\ufb01ne and dandy"),
    "ligature, letters here": ("\ufb01ne and dandy", "fine and dandy"),
    "ligature, letters there": ("fine and dandy", "\ufb01ne and dandy"),
    "CJK": ("正しい馬の電池ホチキス", "正しい馬の電池ホチキス"),
    "emoji": (
        "horse \U0001f40e battery \U0001f50b",
        "horse \U0001f40e battery \U0001f50b",
    ),
    "spaces": ("  spaces on both sides  ", "  spaces on both sides  "),
    "NUL": ("before\x00and after", "before\x00and after"),
    "lone surrogate": ("a lone \ud83d surrogate", "a lone \ud83d surrogate"),
}


@pytest.fixture
def hashers(settings):
    """The configured hashers, of which the tests use a faster one."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "accounts.better_auth.passwords.BetterAuthPasswordHasher",
    ]


@pytest.fixture
def moved(db, hashers):
    """A user whose account and password were imported from Better Auth."""
    user = UserFactory(email="moved@example.com")
    User.objects.filter(pk=user.pk).update(password=imported(stored(PASSWORD)))
    user.refresh_from_db()
    return user


def stored(password):
    """Return what Better Auth keeps of a password, for those that are plain UTF-8."""
    digest = hashlib.scrypt(
        unicodedata.normalize("NFKC", password).encode(),
        salt=SALT.encode(),  # the text itself
        n=16384,
        r=16,
        p=1,
        maxmem=64 * 1024 * 1024,
        dklen=64,
    )
    return f"{SALT}:{digest.hex()}"


# --- Hashes -------------------------------------------------------------------------


@pytest.mark.needs_postgresql
@pytest.mark.parametrize(("there", "here"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_verifies_what_a_real_server_stored(
    better_auth_on_postgresql, better_auth_database, there, here
):
    better_auth_on_postgresql.sign_up(password=there)
    with psycopg.connect(better_auth_database) as connection:
        (kept,) = connection.execute("SELECT password FROM account").fetchone()

    encoded = imported(kept)

    assert BetterAuthPasswordHasher().verify(here, encoded)
    assert not BetterAuthPasswordHasher().verify(here + "x", encoded)


@pytest.mark.parametrize(
    ("there", "here"),
    [pair for name, pair in SPELLINGS.items() if name != "lone surrogate"],
)
def test_verifies_the_measured_format(there, here):
    encoded = imported(stored(there))

    assert BetterAuthPasswordHasher().verify(here, encoded)
    assert not BetterAuthPasswordHasher().verify(here + "x", encoded)


def test_a_lone_surrogate_is_the_replacement_character():
    encoded = imported(stored("a lone \ufffd surrogate"))

    assert BetterAuthPasswordHasher().verify("a lone \ud83d surrogate", encoded)


def test_the_stored_form_fits_the_column():
    encoded = imported(f"{'f' * 32}:{'f' * 128}")

    assert len(encoded) <= User._meta.get_field("password").max_length
    assert encoded.startswith("better_auth$")


def test_its_own_hashes_verify_and_differ():
    hasher = BetterAuthPasswordHasher()

    one, other = (hasher.encode(PASSWORD, hasher.salt()) for _ in range(2))

    assert one != other
    assert hasher.verify(PASSWORD, one)
    assert hasher.verify(PASSWORD, other)


def test_django_finds_the_hasher_by_the_prefix(hashers):
    encoded = imported(stored(PASSWORD))

    assert isinstance(identify_hasher(encoded), BetterAuthPasswordHasher)
    assert check_password(PASSWORD, encoded)
    assert not check_password("another passphrase", encoded)


def test_a_summary_shows_neither_salt_nor_hash():
    encoded = imported(stored(PASSWORD))
    _, salt, digest = encoded.split("$")

    summary = BetterAuthPasswordHasher().safe_summary(encoded)

    assert summary["algorithm"] == "better_auth"
    assert salt not in summary.values()
    assert digest not in summary.values()


@pytest.mark.parametrize(
    "text",
    [
        "",
        PASSWORD,
        "$2b$12$" + "a" * 53,
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        f"{SALT}:{'a' * 127}",
        f"{SALT}:{'a' * 129}",
        f"{SALT[:31]}:{'a' * 128}",
        f"{SALT.upper()}:{'A' * 128}",
        f"{SALT}${'a' * 128}",
        f"scrypt:{SALT}:{'a' * 128}",
        f" {SALT}:{'a' * 128}",
        f"{SALT}:{'a' * 128}\n",
        f"{SALT}:{'٠' * 128}",
    ],
)
def test_refuses_every_other_form_and_does_not_repeat_it(text):
    with pytest.raises(ValueError, match=r"^not a scrypt hash of Better Auth$"):
        imported(text)


# --- Signing in ---------------------------------------------------------------------


def by_page(user, password):
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return "_auth_user_id" in client.session


def by_api(user, password):
    response = Client().post(
        "/api/v1/auth/token",
        json.dumps({"email": user.email, "password": password}),
        content_type="application/json",
    )
    assert response.status_code in {200, 400, 401}
    return response.status_code == 200


@pytest.mark.parametrize("sign_in", [by_page, by_api])
def test_a_sign_in_replaces_the_hash_and_ends_nothing(moved, sign_in):
    before = moved.credential_epoch, moved.credentials_ended_at

    assert sign_in(moved, PASSWORD)

    moved.refresh_from_db()
    assert moved.password.startswith("argon2$")
    assert (moved.credential_epoch, moved.credentials_ended_at) == before
    assert sign_in(moved, PASSWORD)


@pytest.mark.parametrize("sign_in", [by_page, by_api])
def test_a_wrong_password_signs_nobody_in_and_changes_nothing(moved, sign_in, caplog):
    caplog.set_level(logging.DEBUG)
    before = moved.password

    assert not sign_in(moved, "another long passphrase")

    moved.refresh_from_db()
    assert moved.password == before
    assert before not in caplog.text


# A form can't contain a surrogate.
@pytest.mark.parametrize(
    ("sign_in", "name"),
    [(by_page, "NUL"), (by_api, "NUL"), (by_api, "lone surrogate")],
)
def test_an_invalid_password_is_a_refusal_and_not_a_failure(moved, sign_in, name):
    password, _ = SPELLINGS[name]
    kept = stored(password.replace("\ud83d", "\ufffd"))
    User.objects.filter(pk=moved.pk).update(password=imported(kept))

    assert not sign_in(moved, password)


def test_the_old_hash_ends_with_a_change_of_password(moved):
    moved.set_password("something else entirely")
    moved.save()

    assert not by_api(moved, PASSWORD)
    assert by_api(moved, "something else entirely")
