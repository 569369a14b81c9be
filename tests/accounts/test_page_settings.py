import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import known_timezones
from accounts.zones import common_zones, zone_named

pytestmark = pytest.mark.any_database

URL = reverse("accounts:settings")
VALID = {
    "display_name": "Alice A.",
    "timezone": "Europe/Berlin",
    "day_start": "4",
    "week_start": "sunday",
    "theme": "dark",
    "clock": "12h",
    "density": "compact",
    "letter_keys": "on",
    "show_statistics": "on",
    "reminder_mails": "on",
}
SWITCHES = ["letter_keys", "show_statistics", "reminder_mails"]


def test_saves_the_settings(page_as, alice):
    response = page_as(alice).post(URL, VALID, follow=True)

    assert "Your settings have been saved." in response.text
    alice.refresh_from_db()
    assert alice.display_name == "Alice A."
    assert alice.timezone == "Europe/Berlin"
    assert alice.day_start == 4
    assert alice.week_start == "sunday"
    assert alice.theme == "dark"


def test_the_next_page_looks_as_chosen(page_as, alice):
    page = page_as(alice).post(URL, VALID, follow=True).text

    assert 'data-theme="dark" data-density="compact"' in page
    assert 'data-letter-keys="on"' in page
    assert "4:00 am" in page


def test_switches_off_what_is_not_checked(page_as, alice):
    client = page_as(alice)

    page = client.post(
        URL, {name: VALID[name] for name in VALID if name not in SWITCHES}, follow=True
    )

    alice.refresh_from_db()
    assert not any(getattr(alice, name) for name in SWITCHES)
    assert 'data-letter-keys="off"' in page.text

    client.post(URL, VALID)
    alice.refresh_from_db()
    assert all(getattr(alice, name) for name in SWITCHES)


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
        ("timezone", "x" * 5000),
        ("clock", "24"),
        ("density", ""),
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

    assert '<span class="name">Alice</span>' in response.text


def test_escapes_a_name(page_as, alice):
    response = page_as(alice).post(
        URL, VALID | {"display_name": "<script>alert(1)</script>"}, follow=True
    )

    assert "<script>alert" not in response.text


def test_refuses_a_form_without_its_token(page_as, alice):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page_as(alice).cookies

    assert strict.post(URL, VALID).status_code == 403


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("berlin", "Europe/Berlin"),
        ("America/new york", "America/New_York"),
        ("Zürich", "Europe/Zurich"),
        ("Vietnam", "Asia/Ho_Chi_Minh"),
        ("UK", "Europe/London"),
        ("Kiev", "Europe/Kiev"),
        ("utc", "UTC"),
    ],
)
def test_a_city_or_country_names_its_zone(page_as, alice, written, zone):
    page_as(alice).post(URL, VALID | {"timezone": written})

    alice.refresh_from_db()
    assert alice.timezone == zone


def test_suggests_zones_for_a_name_that_is_none():
    with pytest.raises(ValidationError, match="America/New_York or America/Detroit"):
        zone_named("USA")
    with pytest.raises(ValidationError, match="Did you mean Europe/Berlin"):
        zone_named("berln")


def test_accepts_every_zone_and_offers_the_common_ones(page_as, alice):
    assert all(zone_named(name) == name for name in known_timezones())
    offered = page_as(alice).get(URL).text.partition("<datalist")[2]
    offered = offered.partition("</datalist>")[0]
    assert '<option value="Asia/Kolkata">India</option>' in offered
    assert {name for name, _ in common_zones()} <= known_timezones()
    assert len(offered) < 4_000


def test_keeps_a_zone_that_it_would_not_offer(page_as, alice):
    alice.timezone = "Asia/Calcutta"
    alice.save()

    response = page_as(alice).post(URL, VALID | {"timezone": "Asia/Calcutta"})

    assert response.status_code == 303
    alice.refresh_from_db()
    assert alice.timezone == "Asia/Calcutta"
