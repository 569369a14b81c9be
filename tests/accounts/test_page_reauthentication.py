"""A user without a password signs in again with a mailed code."""

import re

import pytest
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.usefixtures("one_rate_window")

SET_PASSWORD = reverse("account_set_password")
ASK = reverse("account_request_reauthentication_code")
CONFIRM = reverse("account_confirm_reauthentication_code")
NEW = "a brand new staple battery"


@pytest.fixture
def carol(db):
    """A user who came through an issuer, with a verified address and no password."""
    return UserFactory(email="carol@example.com", password=None)


def code_in(mail):
    [code] = re.findall(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", mail.body, re.MULTILINE)
    return code


def ask_for_a_code(client, address="carol@example.com"):
    """Try to set a password, and ask for a code on the page that this leads to."""
    page = client.post(SET_PASSWORD, {"password1": NEW}, follow=True)
    return client.post(page.context["ask_for_code"], {"recipient": address})


def test_setting_a_password_takes_the_code_first(page_as, carol, mailoutbox):
    client = page_as(carol, authenticated_at=None)

    asked = ask_for_a_code(client)
    back = client.post(asked.url, {"code": code_in(mailoutbox[0])})
    client.post(back.url, {"password1": NEW})

    assert asked.url.startswith(CONFIRM)
    assert back.url == SET_PASSWORD
    assert mailoutbox[0].to == ["carol@example.com"]
    carol.refresh_from_db()
    assert carol.check_password(NEW)


def test_a_wrong_code_changes_nothing(page_as, carol, mailoutbox):
    client = page_as(carol, authenticated_at=None)
    asked = ask_for_a_code(client)

    response = client.post(asked.url, {"code": "WRONG-CODE"})

    assert response.status_code == 200
    assert "Incorrect code." in response.text
    carol.refresh_from_db()
    assert not carol.has_usable_password()


def test_the_code_works_once(page_as, carol, mailoutbox):
    client = page_as(carol, authenticated_at=None)
    asked = ask_for_a_code(client)
    client.post(asked.url, {"code": code_in(mailoutbox[0])})

    again = client.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert again.url == ASK


def test_a_code_ends_after_minutes(page_as, carol, mailoutbox):
    client = page_as(carol, authenticated_at=None)
    asked = ask_for_a_code(client)
    session = client.session
    [state] = [x for x in session.values() if isinstance(x, dict) and "code" in x]
    state["at"] -= 10 * 60  # seconds
    session.save()

    again = client.post(asked.url, {"code": code_in(mailoutbox[0])})

    assert again.url.startswith(ASK)
    assert client.post(SET_PASSWORD, {"password1": NEW}).url != SET_PASSWORD
    carol.refresh_from_db()
    assert not carol.has_usable_password()


def test_no_code_goes_to_an_address_that_is_not_the_users_own(
    page_as, carol, mailoutbox
):
    response = ask_for_a_code(
        page_as(carol, authenticated_at=None), address="bob@example.com"
    )

    assert response.status_code == 200
    assert "Please correct the following" in response.text
    assert mailoutbox == []


def test_without_password_and_verified_address_it_is_refused(page_as, carol):
    carol.emailaddress_set.update(verified=False)

    page = page_as(carol, authenticated_at=None).post(
        SET_PASSWORD, {"password1": NEW}, follow=True
    )

    assert page.context["ask_for_code"] is None
    carol.refresh_from_db()
    assert not carol.has_usable_password()


def test_a_user_with_a_password_is_asked_for_it(page_as, alice):
    client = page_as(alice, authenticated_at=None)

    response = client.post(
        reverse("account_email"), {"email": "new@example.com", "action_add": "1"}
    )

    assert response.url.startswith(reverse("account_reauthenticate"))
    assert client.post(response.url, {"password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("way", ["one session", "many sessions"])
def test_a_user_gets_five_codes_in_an_hour(page_as, carol, mailoutbox, settings, way):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"code": (5, 10**10)}
    client = page_as(carol, authenticated_at=None)

    statuses = []
    for _ in range(8):
        if way == "many sessions":
            client = page_as(carol, authenticated_at=None)
        answer = client.post(ASK, {"recipient": "carol@example.com"})
        statuses.append(answer.status_code)

    assert statuses[-1] == 429
    assert answer["Retry-After"]
    assert len(mailoutbox) == 5


def test_wrong_codes_count_as_wrong_passwords(page_as, carol, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "code": (100, 10**10),
        "password": (100, 10**10),
        "password-account": (4, 10**10),
    }
    for _ in range(2):
        client = page_as(carol, authenticated_at=None)
        ask_for_a_code(client)
        for _ in range(2):
            assert client.post(CONFIRM, {"code": "WRONG-CODE"}).status_code == 200

    right = client.post(CONFIRM, {"code": code_in(mailoutbox[-1])})

    assert right.status_code == 429


def test_correct_codes_do_not_use_up_attempts(page_as, carol, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"password-account": (1, 10**10)}
    client = page_as(carol, authenticated_at=None)

    for _ in range(3):
        asked = client.post(ASK, {"recipient": "carol@example.com"})
        given = client.post(asked.url, {"code": code_in(mailoutbox[-1])})

        assert given.status_code == 303


@pytest.mark.parametrize("back", ["a-b", "accounts:security", "\t/inbox/", "//evil"])
@pytest.mark.parametrize("name", ["accounts:sign-in-again", "account_reauthenticate"])
def test_redirects_only_to_paths_of_this_site(page_as, alice, back, name):
    client = page_as(alice)

    method = client.get if name == "accounts:sign-in-again" else client.post
    body = {"next": back, "password": PASSWORD}
    response = method(reverse(name), body)

    assert response.status_code == (302 if method == client.get else 303)
    assert response.url in {reverse("accounts:security"), reverse("todos:task-today")}


@pytest.mark.parametrize("back", ["a-b", "accounts:security", "//evil"])
def test_signing_in_redirects_only_to_paths_of_this_site(client, alice, back):
    body = {"login": alice.email, "password": PASSWORD, "next": back}

    response = client.post(reverse("account_login"), body)

    assert response.url == reverse("todos:task-today")
