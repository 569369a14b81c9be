"""Signing in on the pages with a second step, and confirming with a factor later."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import factors
from accounts.credentials import change_password, sign_out_everywhere
from accounts.models import SecurityEvent
from tests.factories import PASSWORD
from tests.signing_in import app_code, browser_of, factor_at, password_at, with_app

pytestmark = pytest.mark.django_db

SIGN_IN, STEP = reverse("account_login"), reverse("mfa_authenticate")
CONFIRM = reverse("mfa_reauthenticate")
CODES = reverse("accounts:codes")


def ago(**span):
    return timezone.now() - timedelta(**span)


@pytest.fixture
def secret(alice):
    return with_app(alice, at=ago(hours=1))


@pytest.fixture
def code(secret):
    return app_code(secret, at=timezone.now())


def with_password(user, *, client=None, password=PASSWORD, **fields):
    client = client or Client()
    form = {"login": user.email, "password": password, **fields}
    return client, client.post(SIGN_IN, form)


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_a_password_alone_leads_to_the_second_step(alice, secret):
    client, response = with_password(alice)

    assert response["Location"] == STEP
    assert not is_signed_in(client)
    assert client.get(reverse("todos:task-today")).status_code == 302


def test_the_code_finishes_the_sign_in_and_leads_where_it_was_going(alice, code):
    client, _ = with_password(alice, next="/trash/")

    response = client.post(STEP, {"code": code})

    assert (response.status_code, response["Location"]) == (303, "/trash/")
    assert is_signed_in(client)
    assert client.get(reverse("accounts:delete")).status_code == 200  # recent


@pytest.mark.parametrize("remember", [True, False])
def test_the_step_keeps_the_choice_to_stay_signed_in(alice, code, remember):
    client, _ = with_password(alice, **({"remember": "on"} if remember else {}))

    client.post(STEP, {"code": code})

    assert client.session.get_expire_at_browser_close() is not remember


def test_a_wrong_code_is_refused_kindly_and_recorded(alice, secret):
    client, _ = with_password(alice)

    response = client.post(STEP, {"code": "000000"})

    assert response.status_code == 200
    assert "This code is wrong, has expired or was used before." in response.text
    assert not is_signed_in(client)
    kinds = alice.security_events.values_list("kind", flat=True)
    assert SecurityEvent.Kind.FACTOR_FAILED in kinds


def test_wrong_codes_are_limited_for_all_sessions_together(alice, secret, code):
    for _ in range(10):
        client, _ = with_password(alice)
        client.post(STEP, {"code": "000000"})
    client, _ = with_password(alice)

    response = client.post(STEP, {"code": code})

    assert response.status_code == 429
    assert not is_signed_in(client)


def test_whoever_knows_the_password_locks_out_no_browser_of_the_user(
    alice, secret, code, mailoutbox, django_capture_on_commit_callbacks, one_rate_window
):
    codes = factors.show_codes(user=alice, at=timezone.now())
    home, _ = with_password(alice)
    home.post(STEP, {"code": codes[0]})
    elsewhere = browser_of(alice, proof=factor_at(ago(hours=1)))
    home.post(reverse("account_logout"))

    with django_capture_on_commit_callbacks(execute=True):
        for number in range(30):
            thief = Client(REMOTE_ADDR=f"203.0.113.{number // 10}")
            with_password(alice, client=thief)
            assert thief.post(STEP, {"code": "000000"}).status_code == 200
    stranger, _ = with_password(alice, client=Client(REMOTE_ADDR="203.0.113.9"))
    assert stranger.post(STEP, {"code": codes[1]}).status_code == 429
    with_password(alice, client=home)
    home.post(STEP, {"code": codes[1]})
    confirmed = elsewhere.post(CONFIRM, {"code": codes[2]})

    assert is_signed_in(home)
    assert confirmed.status_code == 303
    kinds = alice.security_events.values_list("kind", flat=True)
    assert list(kinds).count(SecurityEvent.Kind.FACTOR_FAILED) in range(10, 21)
    assert "Wrong codes for your Ownlist account" in [m.subject for m in mailoutbox]


def test_a_code_that_signed_in_once_does_not_again(alice, code):
    first, _ = with_password(alice)
    first.post(STEP, {"code": code})
    second, _ = with_password(alice)

    second.post(STEP, {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_a_recovery_code_signs_in_and_says_what_to_do_next(alice, secret):
    codes = factors.show_codes(user=alice, at=timezone.now())
    client, _ = with_password(alice)

    page = client.post(STEP, {"code": codes[0]}, follow=True).text

    assert is_signed_in(client)
    assert "You have used a recovery code. 9 codes left." in page
    toast = page[page.index('id="toast-1"') :]
    assert f'href="{reverse("accounts:factors")}">Second step</a>' in toast


def test_the_last_recovery_code_says_to_create_new_ones(alice, secret):
    codes = factors.show_codes(user=alice, at=timezone.now())
    for code in codes[1:]:
        factors.use_code(user=alice, code=code, at=timezone.now())
    client, _ = with_password(alice)

    page = client.post(STEP, {"code": codes[0]}, follow=True).text

    assert "No codes left." in page
    assert "Create new codes, too." in page


def test_the_step_needs_the_first_one(alice, code):
    client = Client()

    response = client.post(STEP, {"code": code}, follow=True)

    assert "Your sign-in has expired." in response.text
    assert not is_signed_in(client)


@pytest.mark.parametrize("end", [sign_out_everywhere, change_password, "lock"])
def test_a_begun_sign_in_ends_with_every_other_credential(alice, code, end):
    client, _ = with_password(alice)
    if end == "lock":
        type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    else:
        new = {"password": "an entirely new phrase"} if end is change_password else {}
        end(user=alice, at=timezone.now(), **new)

    client.post(STEP, {"code": code})

    assert not is_signed_in(client)


def test_a_factor_removed_in_another_tab_lets_the_user_begin_again(alice, secret):
    client, _ = with_password(alice)
    row = factors.factors_of(alice)[0]
    factors.remove(user=alice, pk=row.pk, at=timezone.now())

    assert client.post(STEP, {"code": "000000"})["Location"] == SIGN_IN
    _, response = with_password(alice, client=client)

    assert is_signed_in(client)
    assert response["Location"] != STEP


# --- Trusted browsers ---------------------------------------------------------------


@pytest.fixture
def trusted(alice, code, settings):
    """A browser that skipped nothing yet, and may from now on."""
    client, _ = with_password(alice)
    client.post(STEP, {"code": code, "trust": "on"})
    kept = client.cookies[settings.TRUSTED_COOKIE_NAME].value
    browser = Client()
    browser.cookies[settings.TRUSTED_COOKIE_NAME] = kept
    return browser


def test_a_trusted_browser_skips_the_step_but_not_what_is_sensitive(alice, trusted):
    with_password(alice, client=trusted)

    assert is_signed_in(trusted)
    assert trusted.get(CODES)["Location"].startswith(CONFIRM)


def test_a_browser_is_trusted_by_one_user_only(alice, bob, trusted):
    with_app(bob, at=ago(hours=1))

    _, response = with_password(bob, client=trusted)

    assert response["Location"] == STEP


def add_passkey(user):
    passkey = factors.NewPasskey("", "id", 0, True)
    factors.add_passkey(user=user, passkey=passkey, name="x", at=timezone.now())


@pytest.mark.parametrize(
    "change", [lambda user: sign_out_everywhere(user=user, at=ago()), add_passkey]
)
def test_trust_ends_with_the_credentials_and_with_the_factors(alice, trusted, change):
    change(alice)

    _, response = with_password(alice, client=trusted)

    assert response["Location"] == STEP


def test_trust_ends_after_some_days(alice, trusted, monkeypatch, settings):
    later = (
        timezone.now() + settings.TRUSTED_BROWSER_AGE + timedelta(seconds=1)
    ).timestamp()
    monkeypatch.setattr("time.time", lambda: later)

    _, response = with_password(alice, client=trusted)

    assert response["Location"] == STEP


@pytest.mark.parametrize("value", ["", "x", "x:y:z", "a-b:1:2", "1" * 5000])
def test_an_invented_cookie_of_trust_is_ignored(alice, secret, settings, value):
    client = Client()
    client.cookies[settings.TRUSTED_COOKIE_NAME] = value

    _, response = with_password(alice, client=client)

    assert response["Location"] == STEP


# --- A recent sign-in -----------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        reverse("accounts:app-add"),
        reverse("accounts:passkey-add"),
        CODES,
        reverse("accounts:codes-download"),
        reverse("accounts:delete"),
    ],
)
def test_a_password_is_not_recent_enough_for_a_user_with_a_factor(alice, secret, page):
    client = browser_of(alice, proof=password_at(timezone.now()))

    assert client.get(page)["Location"].startswith(CONFIRM)


def test_the_pages_of_the_password_lead_to_the_factor(alice, secret):
    client = browser_of(alice, proof=None)

    for page in ("account_reauthenticate", "accounts:sign-in-again"):
        response = client.get(reverse(page) + "?next=/accounts/delete/")
        assert response["Location"] == f"{CONFIRM}?next=%2Faccounts%2Fdelete%2F"


def test_a_code_confirms_for_15_minutes(alice, code):
    client = browser_of(alice, proof=factor_at(ago(minutes=15)))
    response = client.get(CODES)
    assert response["Location"].startswith(CONFIRM)

    response = client.post(response["Location"], {"code": code})

    assert response["Location"] == CODES
    assert client.get(CODES).status_code == 200


def test_adding_the_first_factor_shows_the_codes_at_once(alice, page_as):
    client = page_as(alice)
    page = client.get(reverse("accounts:app-add"))
    secret = "".join(page.context["groups"])
    assert 'role="img"' in page.text and secret not in str(dict(client.session))

    wrong = client.post(reverse("accounts:app-add"), {"code": "000000"})
    assert "not the one that the app should show" in wrong.text
    code = app_code(secret, at=timezone.now())
    response = client.post(reverse("accounts:app-add"), {"code": code})

    assert response["Location"] == CODES
    shown = client.get(CODES)
    assert len(shown.context["codes"]) == 10
    download = client.get(reverse("accounts:codes-download"))
    assert download.text.count("\n") == 13
    assert client.get(reverse("accounts:factors")).status_code == 200


def test_removing_twice_says_that_it_is_gone(alice, secret):
    client = browser_of(alice, proof=factor_at(timezone.now()))
    row = factors.factors_of(alice)[0]
    page = reverse("accounts:factor-remove", args=[row.pk])
    assert "It is your only second step." in client.get(page).text

    first = client.post(page, follow=True).text
    client = browser_of(alice, proof=password_at(timezone.now()))
    second = client.post(page, follow=True).text

    assert "The authenticator app has been removed." in first
    assert "no second step now" in first
    assert "It was removed already" in second


def test_foreign_factors_do_not_exist(alice, bob, secret):
    with_app(bob, at=ago(hours=1))
    row = factors.factors_of(bob)[0]
    client = browser_of(alice, proof=factor_at(timezone.now()))

    client.post(reverse("accounts:factor-remove", args=[row.pk]))
    rename = reverse("accounts:passkey-rename", args=[row.pk])

    assert client.get(rename).status_code == 404
    assert len(factors.factors_of(bob)) == 2


# --- A reset by mail ----------------------------------------------------------------


def test_a_reset_by_mail_neither_skips_nor_removes_the_factor(
    alice, secret, mailoutbox
):
    client = Client()
    client.post(reverse("account_reset_password"), {"email": alice.email})
    link = next(
        word for word in mailoutbox[-1].body.split() if "/password/reset/key/" in word
    )
    form = client.get("/" + link.split("/", 3)[3], follow=True).request["PATH_INFO"]
    client.post(form, {"password1": "an entirely new phrase"})
    assert not is_signed_in(client)

    alice.refresh_from_db()
    _, response = with_password(alice, client=client, password="an entirely new phrase")

    assert response["Location"] == STEP
    assert alice.has_factor
