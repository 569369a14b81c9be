"""The page that reminder mails link to: GET asks for confirmation, POST acts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse

from accounts import reminder_mails
from accounts.models import SecurityEvent, User
from tests.factories import UserFactory

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def url(user):
    return reverse("todos:reminders", args=[reminder_mails.token_of(user)])


def is_on(user):
    return User.objects.get(pk=user.pk).reminder_mails


@pytest.fixture
def strict():
    """A client without a CSRF token that enforces CSRF checks."""
    return Client(enforce_csrf_checks=True)


def test_a_get_asks_for_confirmation(client, alice):
    page = client.get(url(alice))

    assert page.status_code == 200
    assert "<h1>Stop reminder e-mails?</h1>" in page.text
    assert is_on(alice)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_the_page_changes_nothing(client, alice, method):
    prefetch = {"Purpose": "prefetch", "Sec-Purpose": "prefetch"}

    getattr(client, method)(url(alice), headers=prefetch)
    getattr(client, method)(f"{url(alice)}?reminders=off&List-Unsubscribe=One-Click")

    assert is_on(alice)


def test_a_one_click_unsubscribe_stops_the_mails(strict, alice):
    response = strict.post(url(alice), ONE_CLICK)

    # No redirect: a mail program doesn't follow it (RFC 8058 section 3.1).
    assert response.status_code == 200
    assert not is_on(alice)


def test_checks_the_token_before_reading_the_body(strict):
    # A form with a file can't be read here and would give another response.
    file = SimpleUploadedFile("a.csv", b"title")

    response = strict.post(reverse("todos:reminders", args=["no"]), {"file": file})

    assert response.status_code == 404


def test_refuses_a_file(strict, alice):
    file = SimpleUploadedFile("a.csv", b"title")

    response = strict.post(url(alice), {"reminders": "off", "file": file})

    assert response.status_code == 400
    assert is_on(alice)


def test_the_button_stops_the_mails(strict, alice):
    page = strict.post(url(alice), {"reminders": "off"})

    assert "<h1>Reminder e-mails are off</h1>" in page.text
    assert not is_on(alice)


def test_stopping_twice_has_no_further_effect(client, alice):
    client.post(url(alice), ONE_CLICK)

    assert client.post(url(alice), ONE_CLICK).status_code == 200
    assert not is_on(alice)


def test_an_empty_post_stops_the_mails(client, alice):
    assert client.post(url(alice)).status_code == 200
    assert not is_on(alice)


def test_offers_to_switch_them_on_again(strict, alice):
    strict.post(url(alice), ONE_CLICK)

    assert 'name="reminders" value="on"' in strict.get(url(alice)).text

    page = strict.post(url(alice), {"reminders": "on"})
    assert "<h1>Stop reminder e-mails?</h1>" in page.text
    assert is_on(alice)


def test_the_link_acts_for_its_owner_whichever_user_is_signed_in(page_as, alice, bob):
    page_as(bob).post(url(alice), ONE_CLICK)

    assert not is_on(alice)
    assert is_on(bob)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.upper(),
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[2],
        lambda token: "x." + token.partition(".")[2],
        lambda token: "x",
        lambda token: "ä." + "x" * 43,
        lambda token: "0" * 5000,
    ],
    ids=["cut", "longer", "capitals", "id", "signature", "other", "x", "ä", "long"],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_invalid_token_is_not_found(client, alice, spoil, method):
    token = spoil(reminder_mails.token_of(alice))

    response = getattr(client, method)(reverse("todos:reminders", args=[token]))

    assert response.status_code == 404
    assert is_on(alice)


def test_a_token_cannot_be_changed_to_another_user(client, alice, bob):
    _, _, signature = reminder_mails.token_of(bob).partition(".")

    path = reverse("todos:reminders", args=[f"{alice.pk.hex}.{signature}"])

    assert client.post(path).status_code == 404
    assert is_on(alice)


def test_a_value_signed_for_another_purpose_is_not_a_token(client, alice):
    token = Signer(salt="another", sep=".").sign(alice.pk.hex)

    path = reverse("todos:reminders", args=[token])

    assert client.post(path).status_code == 404


def test_a_signed_text_without_an_id_is_not_a_token(client, db):
    token = Signer(salt="accounts.reminder_mails", sep=".").sign("x")

    path = reverse("todos:reminders", args=[token])

    assert client.get(path).status_code == 404


def test_the_link_of_a_deleted_account_is_not_found(client, alice):
    path = url(alice)
    alice.delete()

    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_links_remain_valid_after_a_key_rotation(client, alice, settings):
    path = url(alice)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 50
    settings.SECRET_KEY_FALLBACKS = [old]

    assert client.post(path).status_code == 200
    assert not is_on(alice)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_refuses_other_methods(client, alice, method):
    assert getattr(client, method)(url(alice)).status_code == 405
    assert is_on(alice)


def test_does_not_reveal_the_owner_of_the_link(client, alice):
    page = client.get(url(alice))

    assert "alice" not in page.text.lower()


def test_is_not_cached_and_sends_no_referrer(client, alice):
    page = client.get(url(alice))

    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "same-origin"


def test_the_token_is_not_logged(client, alice, caplog):
    caplog.set_level("DEBUG")
    token = reminder_mails.token_of(alice)

    client.get(url(alice))
    client.post(url(alice), ONE_CLICK)
    client.get(f"{url(alice)}x/")

    requests = [one for one in caplog.records if one.name == "config.middleware"]
    assert [one.route for one in requests[:2]] == ["reminders/<str:token>/"] * 2
    secret = token.partition(".")[2]
    assert all(secret not in str(vars(one)) for one in requests)


def test_does_not_affect_the_credentials_of_the_account(client, alice):
    before = SecurityEvent.objects.filter(user=alice).count()

    client.post(url(alice), ONE_CLICK)

    assert SecurityEvent.objects.filter(user=alice).count() == before


def test_each_account_has_its_own_link(alice, bob):
    assert reminder_mails.token_of(alice) != reminder_mails.token_of(bob)
    assert reminder_mails.recipient_of(reminder_mails.token_of(bob)) == bob


def test_works_for_a_locked_account(client, db):
    locked = UserFactory(is_active=False)

    client.post(url(locked), ONE_CLICK)

    assert not is_on(locked)
