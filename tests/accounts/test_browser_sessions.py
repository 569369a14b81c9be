"""Browser sessions: what is stored of them, and that an ended one stays ended."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as EarlierStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from accounts.browser_sessions import SessionStore
from accounts.credentials import CredentialEnded, lock_if_current
from accounts.middleware import SessionMiddleware
from accounts.models import BrowserSession, User
from accounts.models import browser_session as model
from tests.factories import PASSWORD

migration = import_module("accounts.migrations.0020_browser_sessions")

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
ME = "/api/v1/users/me"


def sign_in(user, **meta):
    """Sign in with the form, in a browser of its own."""
    client = Client(headers={"user-agent": FIREFOX}, **meta)
    form = {"login": user.email, "password": PASSWORD}
    assert client.post(reverse("account_login"), form).status_code == 303
    return client


def key_of(client):
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def session_of(client):
    return BrowserSession.objects.get(pk=model.digest_of_key(key_of(client)))


def whole_database():
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a name of ours
            yield from (f"{table}: {row}" for row in cursor.fetchall())


def test_no_table_contains_the_value_of_a_cookie(alice):
    browser = sign_in(alice)
    wrong = {"password": "not this one", "next": "/"}
    browser.post(reverse("account_reauthenticate"), wrong)
    values = [cookie.value for cookie in browser.cookies.values() if cookie.value]

    assert [row for row in whole_database() for value in values if value in row] == []


def test_the_digest_in_the_database_opens_no_session(alice):
    digest = session_of(sign_in(alice)).session_key
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = digest

    assert thief.get(ME).status_code == 401


def test_records_where_and_when_the_user_signed_in(alice):
    before = timezone.now()

    session = session_of(sign_in(alice, REMOTE_ADDR="203.0.113.77"))

    assert session.user == alice
    assert (session.device, session.network) == ("Firefox on Linux", "203.0.113.0/24")
    assert before <= session.created_at <= session.last_seen_at <= timezone.now()


def test_records_the_use_at_most_once_a_minute(alice, django_assert_num_queries):
    browser = sign_in(alice)
    first = session_of(browser)
    browser.get(ME)
    assert session_of(browser).last_seen_at == first.last_seen_at

    hour_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=hour_ago, created_at=hour_ago)
    browser.get(ME, REMOTE_ADDR="198.51.100.9", headers={"user-agent": "curl/8.5.0"})

    session = session_of(browser)
    assert session.last_seen_at > hour_ago == session.created_at
    assert (session.device, session.network) == ("curl", "198.51.100.0/24")


def test_a_visitor_is_not_recorded(db):
    browser = Client(headers={"user-agent": FIREFOX})
    browser.get("/", follow=True)
    browser.post(reverse("account_logout"))

    assert not BrowserSession.objects.exclude(user=None, device="").exists()


def test_a_session_that_was_ended_is_not_stored_again(alice):
    browser = sign_in(alice)
    running = SessionStore(key_of(browser))
    running["something"] = "new"
    session_of(browser).delete()

    with pytest.raises(UpdateError):
        running.save()
    with pytest.raises(CredentialEnded):
        running.cycle_key()

    assert not BrowserSession.objects.exists()


def end_during_the_view(monkeypatch, view, browser):
    """Let the session of a browser end while `view` serves it."""
    dispatch = view.dispatch

    def ended_meanwhile(self, request, *args, **kwargs):
        assert request.user.is_authenticated
        session_of(browser).delete()
        return dispatch(self, request, *args, **kwargs)

    monkeypatch.setattr(view, "dispatch", ended_meanwhile)


def test_a_running_request_gets_its_answer_and_the_next_is_signed_out(
    alice, monkeypatch
):
    from accounts.pages.settings import SettingsView

    browser = sign_in(alice)
    url = reverse("accounts:settings")
    page = browser.get(url)
    end_during_the_view(monkeypatch, SettingsView, browser)

    answer = browser.post(url, page.context["form"].initial)
    assert answer.status_code == 303  # whose message could not be stored

    monkeypatch.undo()
    assert browser.get(ME).status_code == 401
    assert not BrowserSession.objects.filter(user=alice).exists()


def test_a_running_request_creates_no_credential(alice, monkeypatch):
    from accounts.pages.views import SignOutEverywhereView

    browser = sign_in(alice)
    end_during_the_view(monkeypatch, SignOutEverywhereView, browser)

    answer = browser.post(reverse("accounts:sign-out-everywhere"), follow=True)

    assert "You were signed out meanwhile" in answer.text
    assert User.objects.get().credential_epoch == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/"),
        ("get", ME),
        ("get", reverse_lazy("account_login")),
        ("post", reverse_lazy("todos:quick-preview")),
        ("post", reverse_lazy("account_logout")),
    ],
)
def test_a_late_answer_leaves_the_cookie_of_a_newer_session(alice, method, path):
    browser = sign_in(alice)
    session_of(browser).delete()

    answer = getattr(browser, method)(path)

    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    assert "Cookie" in answer["Vary"]


def test_the_request_that_ends_a_session_deletes_the_cookie(alice, rf):
    request = rf.get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = key_of(sign_in(alice))

    def view(request):
        request.session.flush()
        return HttpResponse()

    answer = SessionMiddleware(view)(request)

    assert answer.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 0


def test_a_user_of_no_session_is_not_asked_for_one(alice):
    assert lock_if_current(alice) == alice


def test_a_user_has_a_bounded_number_of_sessions(alice, monkeypatch):
    monkeypatch.setattr(model, "MAX_SESSIONS", 2)
    first = sign_in(alice)
    hour_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_seen_at=hour_ago)

    others = [sign_in(alice), sign_in(alice)]

    assert first.get(ME).status_code == 401
    assert [one.get(ME).status_code for one in others] == [200, 200]


def test_sessions_of_the_earlier_version_stay_valid(alice):
    browser = sign_in(alice)
    [now] = BrowserSession.objects.all()
    earlier = EarlierStore(key_of(browser))
    assert earlier.decode(now.session_data)["_auth_user_id"] == str(alice.pk)
    Session.objects.create(
        session_key=key_of(browser),
        session_data=now.session_data,
        expire_date=now.expire_date,
    )
    Session.objects.create(
        session_key="broken", session_data="?", expire_date=now.expire_date
    )
    now.delete()

    migration.copy_sessions(apps, None)

    assert browser.get(ME).status_code == 200
    assert session_of(browser).user == alice


def test_a_session_that_is_used_every_day_ends_90_days_after_its_sign_in(alice):
    browser = sign_in(alice)
    signed_in_at = timezone.now() - timedelta(days=80)
    BrowserSession.objects.update(created_at=signed_in_at)

    session = browser.session
    session["a change"] = 1
    session.save()

    row = BrowserSession.objects.get()
    assert row.created_at == signed_in_at
    assert row.expire_date == signed_in_at + timedelta(days=90)
