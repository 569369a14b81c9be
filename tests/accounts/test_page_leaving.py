"""A user whose account is being deleted comes back alone, and gets nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import credentials, factors, leaving
from accounts.management.commands import purge_accounts
from accounts.models import SecurityEvent, User
from tests.factories import PASSWORD, TaskFactory
from tests.signing_in import app_code, with_app
from tests.test_access_matrix import PAGES

SIGN_IN = reverse("account_login")
PAGE = reverse("accounts:leaving")
DAY = timedelta(days=1)
Kind = SecurityEvent.Kind


@pytest.fixture
def leaver(alice):
    credentials.request_deletion(user=alice, at=timezone.now() - DAY)
    return alice


def sign_in(user, password=PASSWORD, client=None):
    client = client or Client()
    client.post(SIGN_IN, {"login": user.email, "password": password})
    return client


def is_active(user):
    return User.objects.get(pk=user.pk).is_active


def path_to_keep(user):
    return leaving.url_to_keep(user).partition("//")[2].partition("/")[2]


# --- By signing in ------------------------------------------------------------------


def test_keeps_the_account_and_everything_in_it(leaver):
    TaskFactory(owner=leaver, title="Quince")
    client = sign_in(leaver)

    page = client.get(PAGE).text
    kept = client.post(PAGE, follow=True)

    day = leaver.delete_after
    assert f"{day.day} {day:%B %Y}" in page
    assert "You keep your account" in kept.text
    assert kept.redirect_chain == [(SIGN_IN, 303)]
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.delete_after) == (True, None)
    events = leaver.security_events.order_by("-pk")
    assert events[0].kind == Kind.DELETION_CANCELLED
    assert "Quince" in sign_in(leaver).get("/inbox/").text


def test_needs_the_password(leaver):
    client = sign_in(leaver, "wrong horse battery")

    assert client.get(PAGE).url == SIGN_IN
    assert client.post(PAGE).url == SIGN_IN
    assert not is_active(leaver)


def test_needs_the_second_factor_too(alice):
    secret = with_app(alice, at=timezone.now() - DAY)
    credentials.request_deletion(user=alice, at=timezone.now())

    client = sign_in(alice)
    assert client.get(PAGE).url == SIGN_IN
    assert client.post(PAGE).url == SIGN_IN
    assert not is_active(alice)
    client = sign_in(alice)
    code = app_code(secret, at=timezone.now())
    step = client.post(reverse("mfa_authenticate"), {"code": code})

    assert step.url == PAGE
    client.post(PAGE)
    assert is_active(alice)


def test_opens_no_other_page_and_no_endpoint(leaver):
    client = sign_in(leaver)
    routes = [row.route for row in PAGES if row.method == "GET" and row.owner == 200]
    private = [route for route in routes if "<" not in route and "(" not in route]
    open_to_all = {row.route for row in PAGES if row.anonymous == 200}

    for route in set(private) - open_to_all:
        assert SIGN_IN in client.get(f"/{route}").url, route
    for route in ("users/me", "tasks", "export", "changes"):
        assert client.get(f"/api/v1/{route}").status_code == 401


def test_lasts_for_some_minutes_only(leaver, monkeypatch):
    client = sign_in(leaver)
    later = timezone.now() + credentials.RECENT
    monkeypatch.setattr("accounts.pages.leaving.timezone.now", lambda: later)

    assert client.post(PAGE).url == SIGN_IN
    assert not is_active(leaver)


def test_a_recovery_code_leads_to_no_page_of_the_locked_account(alice):
    now = timezone.now()
    with_app(alice, at=now - timedelta(hours=1))
    [code, *_] = factors.show_codes(user=alice, at=now)
    credentials.request_deletion(user=alice, at=now)
    client = sign_in(alice)

    step = reverse("mfa_authenticate")
    page = client.post(step, {"code": code}, follow=True).text

    assert "You have used a recovery code." in page
    assert "Keep my account" in page
    assert reverse("accounts:factors") not in page


def test_ends_when_another_user_signs_in_with_the_browser(leaver, bob):
    client = sign_in(leaver)

    sign_in(bob, client=client)

    assert client.get(PAGE).url == SIGN_IN
    assert leaving.KEY not in client.session


def test_two_tabs_keep_it_once(leaver):
    one, other = sign_in(leaver), sign_in(leaver)

    one.post(PAGE)
    late = other.post(PAGE)

    assert late.url == SIGN_IN
    kinds = leaver.security_events.values_list("kind", flat=True)
    assert list(kinds).count(Kind.DELETION_CANCELLED) == 1


def test_is_too_late_once_the_deletion_has_begun(leaver):
    client = sign_in(leaver)

    purge_accounts._begin(at=timezone.now() + 8 * DAY)

    assert client.post(PAGE).url == SIGN_IN
    assert sign_in(leaver).get(PAGE).url == SIGN_IN
    assert not is_active(leaver)


def test_a_locked_account_stays_locked(alice):
    credentials.deactivate(user=alice, at=timezone.now())

    response = Client().post(SIGN_IN, {"login": alice.email, "password": PASSWORD})

    assert response.url == reverse("account_inactive")


def test_the_api_gives_no_token(leaver, api):
    body = {"email": leaver.email, "password": PASSWORD}

    assert api.post(reverse("api:token"), body).status_code == 401


def test_sign_ins_from_before_stay_ended(page_as, api_as, alice):
    page, program = page_as(alice), api_as(alice)
    credentials.request_deletion(user=alice, at=timezone.now())

    sign_in(alice).post(PAGE)

    assert page.get("/inbox/").status_code == 302
    assert program.get("/api/v1/users/me").status_code == 401


# --- By the link in the mail --------------------------------------------------------


def test_the_link_keeps_the_account_once(leaver, client):
    path = "/" + path_to_keep(leaver)

    asked = client.get(path)
    assert not is_active(leaver)
    kept = client.post(path)
    again = client.post(path)

    assert "Keep my account" in asked.text
    assert kept.url == SIGN_IN
    assert is_active(leaver)
    assert again.status_code == 404
    assert "This link is no longer valid" in again.text


def test_the_link_signs_nobody_in(leaver, client):
    client.post("/" + path_to_keep(leaver), follow=True)

    assert client.get("/inbox/").status_code == 302


def test_the_link_of_an_earlier_request_is_void(leaver, client):
    path = "/" + path_to_keep(leaver)
    credentials.reactivate(user=leaver, at=timezone.now())
    credentials.request_deletion(user=leaver, at=timezone.now())

    assert client.post(path).status_code == 404
    assert not is_active(leaver)


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "x" * 3000])
def test_a_forged_link_keeps_nothing(leaver, client, token):
    path = reverse("accounts:keep-account", args=[token])

    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_a_link_needs_the_token_of_its_form(leaver):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/" + path_to_keep(leaver)).status_code == 403
    assert not is_active(leaver)
