"""A password is the same in every Unicode form of its accents."""

import pytest
from django.contrib.auth.hashers import get_hasher, make_password
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from accounts.backends import PasswordBackend
from accounts.models import User
from accounts.passwords import MAX_LENGTH, hashed, normalised, unicode_forms
from tests.factories import UserFactory

COMPOSED = "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e"
DECOMPOSED = "cafe\u0301 cre\u0300me bru\u0302le\u0301e"
WIDE = "\uff43\uff41\uff46\u00e9 cr\u00e8me br\u00fbl\u00e9e"  # compatibility forms
EMAIL = "alice@example.com"
BOTH = [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (WIDE, COMPOSED)]


@pytest.fixture
def hashes(monkeypatch):
    """Every password that is hashed from now on, to store or to compare."""
    seen = []
    hasher = type(get_hasher())
    real = hasher.encode
    monkeypatch.setattr(
        hasher,
        "encode",
        lambda self, password, salt: (
            seen.append(password) or real(self, password, salt)
        ),
    )
    return seen


@pytest.mark.parametrize(("first", "then"), BOTH)
def test_a_user_registered_by_api_signs_in_by_either_form(api, db, first, then):
    registered = api.post("/api/v1/auth/register", {"email": EMAIL, "password": first})
    signed_in = api.post("/api/v1/auth/token", {"email": EMAIL, "password": then})

    assert registered.status_code == 201
    assert signed_in.status_code == 200


@pytest.mark.parametrize(("first", "then"), BOTH)
def test_a_user_signed_up_on_the_page_signs_in_by_either_form(client, db, first, then):
    client.post("/accounts/signup/", {"email": EMAIL, "password1": first})
    client.post("/accounts/logout/")

    answer = client.post("/accounts/login/", {"login": EMAIL, "password": then})

    assert answer.status_code == 303


@pytest.mark.parametrize(("first", "then"), BOTH)
def test_a_password_is_changed_by_either_spelling(api_as, api, db, first, then):
    alice = UserFactory(email=EMAIL)
    alice.set_password(first)
    alice.save()

    changed = api_as(alice).post(
        "/api/v1/auth/password",
        {"old_password": then, "new_password": f"{first} {first}"},
    )
    signed_in = api.post(
        "/api/v1/auth/token", {"email": EMAIL, "password": f"{then} {then}"}
    )

    assert changed.status_code == 204
    assert signed_in.status_code == 200


def test_a_superuser_signs_in_by_either_spelling(client, db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", DECOMPOSED)
    call_command("createsuperuser", email=EMAIL, interactive=False, verbosity=0)

    answer = client.post("/accounts/login/", {"login": EMAIL, "password": COMPOSED})

    assert answer.status_code == 303


def test_a_hash_of_an_earlier_hasher_stays_valid_and_is_replaced(api, db):
    UserFactory(email=EMAIL)
    User.objects.update(password=make_password(DECOMPOSED))
    before = User.objects.get()

    first = api.post("/api/v1/auth/token", {"email": EMAIL, "password": DECOMPOSED})
    after = User.objects.get()
    then = api.post("/api/v1/auth/token", {"email": EMAIL, "password": COMPOSED})

    assert (first.status_code, then.status_code) == (200, 200)
    assert after.password != before.password
    assert after.credential_epoch == before.credential_epoch


@pytest.mark.parametrize(
    ("password", "most"), [(COMPOSED, 1), (DECOMPOSED, 2), ("plain words of ASCII", 1)]
)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_wrong_password_costs_the_same_with_and_without_an_account(
    hashes, db, password, most, is_known
):
    if is_known:
        UserFactory(email=EMAIL, password="something else entirely")
        hashes.clear()

    with pytest.raises(PermissionDenied):
        PasswordBackend().authenticate(None, email=EMAIL, password=password)

    assert len(hashes) == most


def test_the_length_of_a_new_password_is_that_of_its_normal_form(api, db):
    eleven = "e\u0301" * 11

    answer = api.post("/api/v1/auth/register", {"email": EMAIL, "password": eleven})

    assert answer.status_code == 400
    assert "12 characters" in answer.json()["detail"]


def test_a_password_that_is_too_long_is_not_normalised():
    long = "e\u0301" * MAX_LENGTH

    assert normalised(long) == long
    assert unicode_forms(long) == (long,)
    assert unicode_forms(DECOMPOSED) == (COMPOSED, DECOMPOSED)
    assert hashed(None).startswith("!")
