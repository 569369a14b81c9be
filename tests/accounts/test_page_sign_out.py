from django.test import Client
from django.urls import reverse

from accounts.models import SecurityEvent

URL = reverse("account_logout")


def test_ends_the_session(page_as, alice):
    client = page_as(alice)

    response = client.post(URL)

    assert response.url == reverse("account_login")
    assert "_auth_user_id" not in client.session
    assert response["Clear-Site-Data"] == '"cache", "storage"'


def test_leaves_the_other_sessions(page_as, alice):
    here, elsewhere = page_as(alice), page_as(alice)

    here.post(URL)

    assert elsewhere.get(reverse("accounts:security")).status_code == 200


def test_asks_before_it_ends_the_session(page_as, alice):
    client = page_as(alice)

    response = client.get(URL)

    assert "Sign out?" in response.text
    assert "_auth_user_id" in client.session


def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db):
    assert client.get(URL).url == reverse("account_login")


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    response = strict.post(URL)

    assert response.status_code == 403
    assert strict.get(reverse("accounts:security")).status_code == 200


def test_records_the_sign_out(page_as, alice):
    client = page_as(alice)

    client.post(URL)

    kinds = set(alice.security_events.values_list("kind", flat=True))
    assert SecurityEvent.Kind.SIGNED_OUT in kinds
