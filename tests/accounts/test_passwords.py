"""The rules for passwords, and that all Unicode forms of their accents are the same."""

import pytest
from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import ValidationError as DRFValidationError

from accounts.api.serializers import check_new_password
from accounts.backends import PasswordBackend
from accounts.models import User
from accounts.passwords import MAX_LENGTH, hashed, normalised, unicode_forms
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import with_app

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
    fourteen = "e\u0301a" * 7

    answer = api.post("/api/v1/auth/register", {"email": EMAIL, "password": fourteen})

    assert answer.status_code == 400
    assert "15 characters" in answer.json()["detail"]


ENOUGH = "It must contain at least 15 characters"
OR_LESS = f"{ENOUGH}, or 8 once you have added a second step."


def test_a_short_password_is_refused_with_what_would_do(page_as, api_as, alice):
    """Whoever has an account can add a second step instead."""
    form = {"oldpassword": PASSWORD, "password1": "plum"}
    body = {"old_password": PASSWORD, "new_password": "plum"}
    browser, program = page_as(alice), api_as(alice)

    page = browser.post(reverse("account_change_password"), form)
    answer = program.post("/api/v1/auth/password", body).json()

    assert OR_LESS in page.text
    assert any(OR_LESS in error for error in answer["errors"]["new_password"])


def test_a_new_user_is_told_the_length_alone(api, client, db):
    body = {"email": "carol@example.com", "password": "plum"}
    form = {"email": "carol@example.com", "password1": "plum"}

    page = client.post(reverse("account_signup"), form)
    answer = api.post("/api/v1/auth/register", body).json()

    assert f"{ENOUGH}." in page.text
    assert any(f"{ENOUGH}." in error for error in answer["errors"]["password"])


def test_a_user_with_a_second_step_is_told_the_lower_length(alice):
    with_app(alice, at=timezone.now())

    with pytest.raises(ValidationError, match=r"at least 8 characters\.'"):
        validate_password("plum", alice)


def test_a_user_with_a_second_factor_may_have_a_shorter_password(page_as, alice):
    User.objects.update(factor_since=timezone.now())
    alice.refresh_from_db()
    assert 'minlength="8"' in page_as(alice).get("/accounts/password/change/").text

    check_new_password("violet7!", user=alice, field="password")
    for password, user in [("violet7", alice), ("violet7!", User(email=EMAIL))]:
        with pytest.raises(DRFValidationError, match="too short"):
            check_new_password(password, user=user, field="password")


def test_an_earlier_short_password_still_opens_the_account_with_a_hint(client, db):
    UserFactory(email=EMAIL, password="twelve chars")

    body = {"login": EMAIL, "password": "twelve chars"}
    answer = client.post("/accounts/login/", body, follow=True)

    assert answer.redirect_chain[0][0] == "/"
    assert "fewer than 15 characters" in answer.text


def test_a_long_password_gets_no_hint(client, alice):
    body = {"login": alice.email, "password": PASSWORD}

    assert "fewer than" not in client.post("/accounts/login/", body, follow=True).text


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaa",
        "\uff41" * 15,  # the same in wide letters
        "abcabcabcabcabcab",
        "passwordpassword",
        "PassWordPassWord",
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnopqrst",
        "qwertyuiopasdfghjkl",
        "ownlist12345678",
        "Ownlist Ownlist Ownlist",
        "my.ownlist.password",
        "1q2w3e4r5t6y7u8i9o0p",
        "password12345678",
        "87654321sunshine",
        "letmein qwertyuiop",
    ],
)
def test_refuses_what_is_expected(password):
    with pytest.raises(ValidationError) as error:
        validate_password(normalised(password), User(email=EMAIL))

    assert [one.code for one in error.value.error_list] == ["password_too_common"]


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "the ownlist of my quiet mornings",
        "all lower case letters",
        "   spaces around   it   ",
        "\N{SNOWMAN}\N{CLOUD}\N{UMBRELLA} in winter \N{HEAVY BLACK HEART}",
        "b" + "aaaaaaaa1x" * 20,
        "9 out of 10 words are no secret " * 8,
    ],
)
def test_accepts_every_other_kind_of_characters(password):
    validate_password(normalised(password)[:MAX_LENGTH], User(email=EMAIL))


def test_a_password_that_is_too_long_is_not_normalised():
    long = "e\u0301" * MAX_LENGTH

    assert normalised(long) == long
    assert unicode_forms(long) == (long,)
    assert unicode_forms(DECOMPOSED) == (COMPOSED, DECOMPOSED)
    assert hashed(None).startswith("!")
