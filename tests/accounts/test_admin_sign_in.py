from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import factors
from accounts.models import SecurityEvent, User
from tests import support
from tests.factories import PASSWORD
from tests.signing_in import app_code, browser_of, password_at, with_app

PAGES = [
    reverse("admin:index"),
    reverse("admin:login"),
    reverse("admin:accounts_user_changelist"),
]


@pytest.mark.parametrize("address", PAGES)
def test_redirects_an_anonymous_visitor_to_our_sign_in_page(db, address):
    response = Client().get(address, follow=True)

    landed = urlsplit(response.redirect_chain[-1][0])
    assert landed.path == reverse("account_login")
    wanted = PAGES[0] if address == reverse("admin:login") else address
    assert parse_qs(landed.query) == {"next": [wanted]}


@pytest.mark.django_db
def test_its_own_sign_in_form_takes_no_password(sam):
    client = Client()

    response = client.post(
        reverse("admin:login"), {"username": sam.email, "password": PASSWORD}
    )

    assert response["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("address", PAGES)
def test_refuses_a_user_who_is_not_staff(page_as, alice, address):
    response = page_as(alice).get(address, follow=True)

    assert response.status_code == 403
    assert "Your account may not open this page." in response.text


def test_refuses_a_member_of_the_support_group_who_is_not_staff(page_as, alice):
    response = page_as(support.join(alice)).get(PAGES[-1], follow=True)

    assert response.status_code == 403


def test_lets_staff_in_after_our_sign_in_page_and_records_it(sam):
    client = Client()
    support.join(sam)
    secret = with_app(sam, at=timezone.now() - timedelta(hours=1))

    client.post(
        reverse("account_login") + f"?next={PAGES[0]}",
        {"login": sam.email, "password": PASSWORD},
    )
    code = app_code(secret, at=timezone.now())
    response = client.post(reverse("mfa_authenticate"), {"code": code})

    assert response["Location"] == PAGES[0]
    assert "Ownlist support" in client.get(PAGES[0]).text
    kinds = sam.security_events.values_list("kind", flat=True)
    assert SecurityEvent.Kind.SIGNED_IN in kinds


def test_a_new_superuser_can_sign_in_where_verification_is_mandatory(db, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    User.objects.create_superuser("Root@example.com", PASSWORD)
    client = Client()

    client.post(
        reverse("account_login") + f"?next={PAGES[0]}",
        {"login": "root@example.com", "password": PASSWORD},
    )

    landed = client.get(PAGES[-1], follow=True)
    assert landed.redirect_chain[-1][0] == reverse("accounts:factors")
    assert "Support staff need a second step to open the admin." in landed.text


@pytest.mark.parametrize("address", PAGES)
def test_sends_staff_who_did_not_use_their_factor_to_it(sam, address):
    support.join(sam)
    secret = with_app(sam, at=timezone.now() - timedelta(hours=1))
    client = browser_of(sam, proof=password_at(timezone.now()))

    response = client.get(address, follow=True)

    landed = response.redirect_chain[-1][0]
    assert urlsplit(landed).path == reverse("mfa_reauthenticate")
    response = client.post(landed, {"code": app_code(secret, at=timezone.now())})
    assert client.get(response["Location"]).status_code == 200


def test_closes_when_the_factor_is_removed(page_as, sam):
    client = page_as(support.join(sam))
    factors.remove(user=sam, pk=factors.factors_of(sam)[0].pk, at=timezone.now())

    response = client.get(PAGES[-1], follow=True)

    assert response.redirect_chain[-1][0] == reverse("accounts:factors")


def test_its_own_sign_in_form_takes_no_password_from_staff_either(page_as, sam, bob):
    client = page_as(sam)

    client.post(reverse("admin:login"), {"username": bob.email, "password": PASSWORD})

    assert client.session["_auth_user_id"] == str(sam.pk)


def test_passwords_are_changed_on_the_account_pages(page_as, sam):
    response = page_as(sam).get(reverse("admin:password_change"))

    assert response["Location"] == reverse("account_change_password")


def test_a_session_ends_with_the_staff_status(page_as, sam):
    client = page_as(support.join(sam))
    User.objects.filter(pk=sam.pk).update(is_staff=False)

    response = client.get(PAGES[-1], follow=True)

    assert response.status_code == 403
