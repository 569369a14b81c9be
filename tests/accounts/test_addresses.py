"""Every way to set an address accepts only one spelling of a mailbox."""

from datetime import datetime

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.addresses import validate_new_address
from accounts.better_auth.importing import Outcome, SourceUser, import_user
from accounts.models import User
from tests.factories import UserFactory

PASSWORD = "correct horse battery staple"
ODD = [
    '"alice"@example.com',
    '"\\alice"@example.com',
    '"a.lice"@example.com',
    "=?utf-8?q?alice?=@example.com",
    "=?utf-8?q?=61lice?=@example.com",
    "a=?lice@example.com",
    ".alice@example.com",
    "alice.@example.com",
    "a..lice@example.com",
    "alice@[127.0.0.1]",
    "alice@[IPv6:::1]",
    "alice@example.com.",
    "alice@-example.com",
    "alice@ex\u00e4mple.com",
    "al\u0131ce@example.com",
    "mi\u212ae@example.com",  # the Kelvin sign, whose lower case is a plain k
    "alice(comment)@example.com",
    "alice@example.com,bob@example.com",
    "<alice@example.com>",
    "alice @example.com",
    "a" * 250 + "@example.com",
    "alice",
    "@example.com",
]
USUAL = [
    "alice@example.com",
    "a.b-c_d+tag@mail.example.co.uk",
    "o'neil@example.com",
    "a!#$%&*/=^`{|}~@example.com",
    "what?me@example.com",
    "alice@xn--exmple-cua.com",
    "ALICE@Example.COM",
    "alice@localhost",
]


@pytest.mark.parametrize("address", ODD)
def test_another_spelling_of_a_mailbox_is_refused(address):
    with pytest.raises(ValidationError):
        validate_new_address(address)


@pytest.mark.parametrize("address", USUAL)
def test_an_account_can_have_a_usual_address(address):
    validate_new_address(address)


@pytest.mark.parametrize("address", ODD)
def test_registration_refuses_another_spelling(api, db, address):
    answer = api.post("/api/v1/auth/register", {"email": address, "password": PASSWORD})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["email"]
    assert not User.objects.exists()


@pytest.mark.parametrize("address", ODD[:6])
def test_the_sign_up_page_refuses_another_spelling(client, db, address):
    answer = client.post("/accounts/signup/", {"email": address, "password1": PASSWORD})

    assert answer.status_code == 200
    assert "errorlist" in answer.text or "error" in answer.text
    assert not User.objects.exists()


@pytest.mark.parametrize("address", ODD)
def test_an_account_is_not_imported_with_another_spelling(address):
    row = SourceUser(
        id="u1",
        email=address,
        email_verified=True,
        name="",
        created_at=datetime.now().astimezone(),
        banned=False,
        password=None,
    )

    report = import_user(
        row, issuer="https://auth.example", at=row.created_at, dry_run=True
    )

    assert report.outcome is Outcome.REFUSED


@pytest.mark.parametrize("address", ODD[:6])
def test_no_superuser_is_made_with_another_spelling(db, address):
    with pytest.raises(CommandError):
        call_command("createsuperuser", email=address, interactive=False)

    assert not User.objects.exists()


@pytest.mark.parametrize("address", ODD[:4])
def test_an_account_that_has_such_an_address_can_sign_in(api, client, db, address):
    UserFactory(email=address, password=PASSWORD)

    by_token = api.post("/api/v1/auth/token", {"email": address, "password": PASSWORD})
    by_page = client.post("/accounts/login/", {"login": address, "password": PASSWORD})

    assert by_token.status_code == 200
    assert by_page.status_code == 303
