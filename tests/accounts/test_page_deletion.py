from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SecurityEvent
from tests.factories import PASSWORD, UserFactory

URL = reverse("accounts:delete")


def delete(client, **more):
    return client.post(URL, **more)


def test_locks_the_account_at_once_and_deletes_it_in_a_week(page_as, alice):
    before = timezone.now()

    response = delete(page_as(alice), follow=True)

    assert "will be deleted in 7 days." in response.text
    alice.refresh_from_db()
    assert not alice.is_active
    assert alice.delete_after >= before + timedelta(days=7)
    assert alice.delete_after <= timezone.now() + timedelta(days=7)


def test_ends_every_session_and_token(page_as, api_as, alice):
    here, elsewhere, program = page_as(alice), page_as(alice), api_as(alice)

    delete(here)

    assert here.get(URL).status_code == 302
    assert elsewhere.get(URL).status_code == 302
    assert program.get(reverse("api:me")).status_code == 401


def test_a_later_sign_in_leads_only_to_the_page_that_keeps_the_account(
    page_as, client, alice
):
    delete(page_as(alice))

    response = client.post(
        reverse("account_login"), {"login": alice.email, "password": PASSWORD}
    )

    assert response.url == reverse("accounts:leaving")
    assert client.get(reverse("accounts:settings")).status_code == 302


def test_says_what_will_happen(page_as, alice):
    page = page_as(alice).get(URL).text

    assert "locked immediately" in page
    assert "After 7 days, the account and all its tasks" in page


def test_records_the_request(page_as, alice):
    delete(page_as(alice))

    kinds = set(alice.security_events.values_list("kind", flat=True))
    assert SecurityEvent.Kind.DELETION_REQUESTED in kinds


def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db):
    assert delete(client).url == f"{reverse('account_login')}?next={URL}"


@pytest.mark.parametrize("password", ["wrong horse battery", "", "a\0b", "x" * 500_000])
def test_requires_the_password_if_the_sign_in_is_old(page_as, alice, password):
    client = page_as(alice, authenticated_at=timezone.now() - timedelta(minutes=16))

    asked = delete(client)
    refused = client.post(asked.url, {"password": password})

    assert asked.url == f"{reverse('account_reauthenticate')}?next={quote(URL, '')}"
    assert "Please correct the following" in refused.text
    assert delete(client).url == asked.url
    alice.refresh_from_db()
    assert alice.is_active
    assert alice.delete_after is None


def test_continues_after_the_password(page_as, alice):
    client = page_as(alice, authenticated_at=None)

    back = client.post(delete(client).url, {"password": PASSWORD})
    delete(client)

    assert back.url == URL
    alice.refresh_from_db()
    assert not alice.is_active


def test_tells_a_user_without_a_password_how_to_continue(page_as, db):
    carol = UserFactory(email="carol@example.com", password=None)
    client = page_as(carol, authenticated_at=None)

    page = client.post(URL, follow=True)

    assert page.redirect_chain[-1][0].startswith(reverse("accounts:sign-in-again"))
    assert "Sign in again" in page.text
    carol.refresh_from_db()
    assert carol.is_active


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert delete(strict).status_code == 403
    alice.refresh_from_db()
    assert alice.is_active
