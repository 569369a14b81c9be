from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD


@pytest.fixture
def create(db, monkeypatch):
    """Run the command without questions."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    def run(email):
        call_command(
            "createsuperuser", email=email, interactive=False, stderr=StringIO()
        )

    return run


@pytest.mark.parametrize("verification", ["optional", "mandatory"])
def test_makes_a_superuser_whom_the_admin_asks_for_a_second_factor(
    create, settings, verification
):
    settings.ACCOUNT_EMAIL_VERIFICATION = verification

    create("Root@example.com")

    client, start = Client(), reverse("admin:index")
    client.post(
        reverse("account_login") + f"?next={start}",
        {"login": "root@example.com", "password": PASSWORD},
    )
    page = client.get(start, follow=True)
    assert page.status_code == 200
    assert page.resolver_match.view_name == "accounts:factors"


def test_marks_the_address_as_verified(create):
    create("Root@example.com")

    user = User.objects.get(email="root@example.com")
    assert user.is_superuser
    assert user.is_staff
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == (
        user.email,
        True,
        True,
    )


def test_gives_one_message_for_an_invalid_address(create):
    with pytest.raises(CommandError) as refused:
        create("root")

    assert str(refused.value) == "Enter a valid e-mail address."


def test_refuses_an_address_that_is_taken(create, alice):
    with pytest.raises(CommandError):
        create("ALICE@example.com")

    assert not User.objects.filter(is_superuser=True).exists()


def test_a_new_database_has_no_account(db):
    assert not User.objects.exists()
