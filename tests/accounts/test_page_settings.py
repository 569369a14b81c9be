import zoneinfo

import pytest
from django.test import Client
from django.urls import reverse

from accounts.pages.forms import time_zones

URL = reverse("accounts:settings")
VALID = {
    "display_name": "Alice A.",
    "timezone": "Europe/Berlin",
    "day_start": "4",
    "week_start": "sunday",
    "theme": "dark",
    "reminder_mails": "on",
}


def test_saves_the_settings(page_as, alice):
    response = page_as(alice).post(URL, VALID, follow=True)

    assert "Your settings have been saved." in response.text
    alice.refresh_from_db()
    assert alice.display_name == "Alice A."
    assert alice.timezone == "Europe/Berlin"
    assert alice.day_start == 4
    assert alice.week_start == "sunday"
    assert alice.theme == "dark"


def test_has_the_chosen_colours(page_as, alice):
    response = page_as(alice).post(URL, VALID, follow=True)

    assert 'data-theme="dark"' in response.text


def test_switches_reminder_mails_off_and_on(page_as, alice):
    client = page_as(alice)
    unchecked = {name: VALID[name] for name in VALID if name != "reminder_mails"}

    client.post(URL, unchecked)
    alice.refresh_from_db()
    assert not alice.reminder_mails

    client.post(URL, VALID)
    alice.refresh_from_db()
    assert alice.reminder_mails


def test_changes_no_other_user(page_as, alice, bob):
    page_as(alice).post(URL, VALID | {"id": str(bob.pk), "pk": str(bob.pk)})

    bob.refresh_from_db()
    assert bob.display_name == "Bob"


def test_changes_nothing_that_the_form_does_not_show(page_as, alice):
    page_as(alice).post(
        URL,
        VALID | {"email": "x@example.com", "is_staff": "on", "credential_epoch": "9"},
    )

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert not alice.is_staff
    assert alice.credential_epoch == 0


def test_redirects_an_anonymous_visitor_to_the_sign_in(client, db):
    assert client.get(URL).url == f"{reverse('account_login')}?next={URL}"


def test_the_root_of_the_account_pages_redirects_here(page_as, alice):
    assert page_as(alice).get("/accounts/").url == URL


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "x" * 101),
        ("display_name", "a\0b"),
        ("display_name", "a\x1bb"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("day_start", "24"),
        ("day_start", "-1"),
        ("day_start", "9" * 5000),
        ("day_start", "four"),
        ("week_start", "friday"),
        ("theme", "pink"),
        ("theme", "dark\0"),
    ],
)
def test_refuses_invalid_input_and_stores_nothing(page_as, alice, field, value):
    response = page_as(alice).post(URL, VALID | {field: value})

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {field}
    assert "Please correct the following" in response.text
    alice.refresh_from_db()
    assert alice.display_name == "Alice"
    assert alice.timezone == "UTC"


def test_shows_no_refused_name_in_the_navigation(page_as, alice):
    response = page_as(alice).post(URL, VALID | {"theme": "pink"})

    assert '<p class="who">Alice</p>' in response.text


def test_escapes_a_name(page_as, alice):
    response = page_as(alice).post(
        URL, VALID | {"display_name": "<script>alert(1)</script>"}, follow=True
    )

    assert "<script>alert" not in response.text


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert strict.post(URL, VALID).status_code == 403


def test_offers_only_zones_that_exist():
    offered = {name for _, zones in time_zones() for name, _ in zones}

    assert offered <= zoneinfo.available_timezones()
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= offered


def test_keeps_a_zone_that_it_would_not_offer(page_as, alice):
    alice.timezone = "Asia/Calcutta"
    alice.save()

    response = page_as(alice).post(URL, VALID | {"timezone": "Asia/Calcutta"})

    assert response.status_code == 303
    alice.refresh_from_db()
    assert alice.timezone == "Asia/Calcutta"
