"""Limits on wrong passwords, which can't be used to lock out the owner."""

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import SecurityEvent
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_rate_window")]

SIGN_IN = reverse("account_login")
TOKEN = reverse("api:token")
AGAIN = reverse("account_reauthenticate")
CHANGE = reverse("account_change_password")
WRONG = "wrong horse battery"
HOME = "198.51.100.7"


@pytest.fixture(autouse=True)
def one_window(settings):
    """Keep every test within one hour of the clock."""
    settings.RATE_LIMITS = {
        scope: (limit, 10**10) for scope, (limit, _) in settings.RATE_LIMITS.items()
    }


def on_page(email, password, *, address=HOME, client=None):
    client = client or Client()
    return client.post(
        SIGN_IN, {"login": email, "password": password}, REMOTE_ADDR=address
    )


def by_api(email, password, *, address=HOME):
    body = {"email": email, "password": password}
    return APIClient().post(TOKEN, body, REMOTE_ADDR=address)


def try_wrong_passwords_from(*addresses, email="alice@example.com", times=10):
    """Try wrong passwords from each address until it is refused."""
    return [
        by_api(email, WRONG, address=address).status_code
        for address in addresses
        for _ in range(times)
    ]


def addresses(number):
    return [f"203.0.113.{last}" for last in range(number)]


# --- Attackers are limited ----------------------------------------------------------


def test_a_network_has_ten_attempts_at_an_account(alice):
    statuses = try_wrong_passwords_from("203.0.113.1", times=12)

    assert statuses == [401] * 10 + [429] * 2


def test_pages_and_api_share_the_limit(alice):
    for _ in range(5):
        on_page(alice.email, WRONG)
        by_api(alice.email, WRONG)

    assert by_api(alice.email, PASSWORD).status_code == 429
    assert on_page(alice.email, PASSWORD).status_code == 429


@pytest.mark.parametrize("spelled", ["ALICE@example.com", "Alice@Example.COM"])
def test_attempts_count_regardless_of_the_case_of_the_address(alice, spelled):
    try_wrong_passwords_from(HOME, email=spelled)

    assert by_api(alice.email, PASSWORD).status_code == 429
    assert on_page(f" {spelled} ", PASSWORD).status_code == 429


def test_all_visitors_together_have_a_hundred_attempts_an_hour(alice):
    statuses = try_wrong_passwords_from(*addresses(12))

    assert statuses == [401] * 100 + [429] * 20


def test_a_refused_network_does_not_use_up_the_limit_of_others(alice):
    try_wrong_passwords_from("203.0.113.1", times=100)

    assert by_api(alice.email, PASSWORD).status_code == 200


def test_attempts_in_a_day_are_limited(settings):
    """The limits are those that docs/security.md documents."""
    from config.settings import RATE_LIMITS

    def a_day(scope):
        limit, seconds = RATE_LIMITS[scope]
        return limit * 86_400 // seconds

    assert a_day("sign-in") == a_day("password") == 240
    assert a_day("sign-in-account") == a_day("password-account") == 2_400
    assert (a_day("second-step"), a_day("second-step-account")) == (240, 720)


def test_an_unknown_address_has_the_same_limit(db):
    statuses = try_wrong_passwords_from(HOME, email="nobody@example.com", times=11)

    assert statuses == [401] * 10 + [429]


def test_the_correct_password_does_not_use_up_attempts(alice):
    statuses = [by_api(alice.email, PASSWORD).status_code for _ in range(15)]

    assert statuses == [200] * 15


# --- The owner is not locked out ----------------------------------------------------


def test_the_owner_signs_in_from_another_address(alice):
    try_wrong_passwords_from("203.0.113.1", "203.0.113.2")

    assert on_page(alice.email, PASSWORD).status_code == 303
    assert by_api(alice.email, PASSWORD).status_code == 200


def test_the_owner_signs_in_with_a_device_cookie(alice):
    browser = Client()
    on_page(alice.email, PASSWORD, client=browser)
    browser.post(reverse("account_logout"))
    try_wrong_passwords_from(*addresses(11), HOME)

    assert on_page(alice.email, PASSWORD).status_code == 429
    assert on_page(alice.email, PASSWORD, client=browser).status_code == 303


def test_a_browser_with_a_device_cookie_has_ten_attempts(alice):
    browser = Client()
    on_page(alice.email, PASSWORD, client=browser)
    browser.post(reverse("account_logout"))

    statuses = [
        on_page(alice.email, WRONG, client=browser, address=address).status_code
        for address in addresses(11)
    ]

    assert statuses == [200] * 10 + [429]


def test_a_device_cookie_counts_for_its_own_accounts_only(alice, bob):
    browser = Client()
    on_page(bob.email, PASSWORD, client=browser)
    browser.post(reverse("account_logout"))
    try_wrong_passwords_from(HOME)

    assert on_page(alice.email, PASSWORD, client=browser).status_code == 429


@pytest.mark.parametrize(
    "invented", ["", "x", "a.b:c:d", "x" * 100_000, "id.digest:1u0000:signature"]
)
def test_an_invented_device_cookie_does_not_count(alice, settings, invented):
    browser = Client()
    browser.cookies[settings.DEVICE_COOKIE_NAME] = invented
    try_wrong_passwords_from(HOME)

    assert on_page(alice.email, PASSWORD, client=browser).status_code == 429


def test_a_device_cookie_holds_the_last_five_accounts(alice, bob):
    browser = Client()
    others = [UserFactory() for _ in range(4)]
    for user in (alice, bob, *others):
        on_page(user.email, PASSWORD, client=browser)
        browser.post(reverse("account_logout"))
    try_wrong_passwords_from(HOME)
    try_wrong_passwords_from(HOME, email=bob.email)

    assert on_page(alice.email, PASSWORD, client=browser).status_code == 429
    assert on_page(bob.email, PASSWORD, client=browser).status_code == 303


def test_the_device_cookie_names_no_user(alice, settings):
    browser = Client()

    on_page(alice.email, PASSWORD, client=browser)

    cookie = browser.cookies[settings.DEVICE_COOKIE_NAME]
    assert "alice" not in cookie.value
    assert str(alice.pk) not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_failed_sign_in_sets_no_device_cookie(alice, settings):
    browser = Client()

    on_page(alice.email, WRONG, client=browser)

    assert settings.DEVICE_COOKIE_NAME not in browser.cookies


def test_a_reset_by_mail_sets_the_device_cookie(alice, mailoutbox):
    try_wrong_passwords_from(*addresses(11), HOME)
    browser = Client()
    browser.post(reverse("account_reset_password"), {"email": alice.email})
    link = next(word for word in mailoutbox[0].body.split() if "/key/" in word)
    form = browser.get(link, follow=True)

    browser.post(form.request["PATH_INFO"], {"password1": "another long phrase"})

    signed_in = on_page(alice.email, "another long phrase", client=browser)
    assert signed_in.status_code == 303


# --- Signed-in users ----------------------------------------------------------------


def test_attempts_of_others_do_not_prevent_reauthentication(page_as, alice):
    session = page_as(alice)
    try_wrong_passwords_from(*addresses(11))

    response = session.post(AGAIN, {"password": PASSWORD})

    assert response.status_code == 303


def test_attempts_of_others_do_not_prevent_changing_the_password(
    page_as, api_as, alice, bob
):
    try_wrong_passwords_from(*addresses(11))
    try_wrong_passwords_from(*addresses(11), email=bob.email)
    new = {"oldpassword": PASSWORD, "password1": "another long phrase"}

    on_the_page = page_as(alice).post(CHANGE, new)
    through_the_api = api_as(bob).post(
        reverse("api:password"),
        {"old_password": PASSWORD, "new_password": "another long phrase"},
    )

    assert on_the_page.status_code == 303
    assert through_the_api.status_code == 204


@pytest.mark.parametrize("way", ["again", "change"])
def test_a_session_has_ten_attempts(page_as, alice, way):
    client = page_as(alice)
    url, body = {
        "again": (AGAIN, {"password": WRONG}),
        "change": (CHANGE, {"oldpassword": WRONG, "password1": "another long phrase"}),
    }[way]

    statuses = [client.post(url, body).status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]


def test_all_pages_that_ask_for_the_password_share_the_limit(page_as, alice):
    client = page_as(alice)
    new = {"oldpassword": WRONG, "password1": "another long phrase"}
    for _ in range(5):
        client.post(AGAIN, {"password": WRONG})
        client.post(CHANGE, new)

    assert client.post(AGAIN, {"password": PASSWORD}).status_code == 429


def test_sessions_count_apart(page_as, alice):
    first, second = page_as(alice), page_as(alice)
    for _ in range(10):
        first.post(AGAIN, {"password": WRONG})

    assert second.post(AGAIN, {"password": PASSWORD}).status_code == 303


def test_all_sessions_together_have_a_hundred_attempts(page_as, alice, settings):
    settings.RATE_LIMITS |= {"password-account": (15, 10**10)}
    for client in (page_as(alice), page_as(alice)):
        for _ in range(9):
            client.post(AGAIN, {"password": WRONG})

    assert page_as(alice).post(AGAIN, {"password": PASSWORD}).status_code == 429
    assert by_api(alice.email, PASSWORD).status_code == 200


def test_correct_passwords_are_limited_in_number(page_as, alice, settings):
    settings.RATE_LIMITS |= {"password-checks": (3, 10**10)}
    client = page_as(alice)

    statuses = [client.post(AGAIN, {"password": PASSWORD}).status_code for _ in "1234"]

    assert statuses == [303, 303, 303, 429]


# --- What is stored -----------------------------------------------------------------


def test_a_flood_of_failures_stores_ten_events_an_hour(alice):
    try_wrong_passwords_from(*addresses(10))

    failed = alice.security_events.filter(kind=SecurityEvent.Kind.SIGN_IN_FAILED)
    assert failed.count() == 10


def test_events_of_failures_hold_no_text(alice):
    try_wrong_passwords_from(HOME, times=1)

    event = SecurityEvent.objects.filter(user=alice).values().get()
    assert "alice" not in str(event)
    assert WRONG not in str(event)
