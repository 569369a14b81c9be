"""Well-known URIs."""

from datetime import datetime

import pytest
from django.urls import reverse
from django.utils import timezone


def test_security_txt_says_where_to_report(client):
    page = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in page.content.decode().splitlines())

    assert page["Content-Type"].startswith("text/plain")
    assert fields["Contact"] == "mailto:security@ownlist.example"
    assert datetime.fromisoformat(fields["Expires"]) > timezone.now()


def test_security_txt_is_missing_without_a_contact(client, settings):
    settings.SECURITY_CONTACT = ""

    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.django_db
def test_password_managers_are_redirected_to_the_page(client):
    answer = client.get("/.well-known/change-password")

    assert answer["Location"] == reverse("account_change_password")
