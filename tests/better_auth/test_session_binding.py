"""Our own session while Better Auth's cookie changes from one user to another."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.browser_sessions import SessionStore
from accounts.models import BrowserSession, LinkedIdentity, User
from config import drafts
from tests.factories import PASSWORD, TaskFactory, UserFactory

pytestmark = pytest.mark.django_db

ASK = reverse("account_request_reauthentication_code")
CODE = reverse("account_confirm_reauthentication_code")
CONNECT = reverse("accounts:connect")
DELETE = reverse("accounts:delete")
SIGN_IN = reverse("account_login")
HOUR = 3600


@pytest.fixture
def server(better_auth, trust):
    trust(better_auth, sessions=True)
    return better_auth


def as_user(browser, external_user):
    """Replace the cookies with the Better Auth cookie of this user."""
    for name in [one for one in browser.cookies if "better-auth" in one]:
        browser.cookies.pop(name)
    for name, value in external_user.cookies.items() if external_user else ():
        browser.cookies[name] = value
    return browser


def known_here(server, email):
    """Sign up a user there, with an account and a verified address here."""
    external_user = server.sign_up(email)
    as_user(Client(), external_user).get("/")
    identity = LinkedIdentity.objects.get(subject=external_user.user_id)
    User.objects.filter(pk=identity.user_id).update(email=email)
    user = User.objects.get(pk=identity.user_id)
    EmailAddress.objects.update_or_create(
        user=user, defaults={"email": email, "verified": True, "primary": True}
    )
    return external_user, user


@pytest.fixture
def eve(server):
    return known_here(server, "eve@example.com")


@pytest.fixture
def victim(server):
    return known_here(server, "victim@example.com")


def code_in(mail):
    [code] = re.findall(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", mail.body, re.MULTILINE)
    return code


def trash(browser, user, title):
    """Leave a message that names a task, and don't look at it."""
    task = TaskFactory(owner=user, title=title)
    browser.post(reverse("todos:task-delete", args=[task.pk]))
    return browser


def test_a_code_of_one_user_is_not_valid_for_the_next(server, eve, victim, mailoutbox):
    server.age(victim[0], HOUR)
    browser = as_user(Client(), eve[0])
    browser.post(ASK, {"recipient": eve[1].email})
    code = code_in(mailoutbox[0])

    as_user(browser, victim[0]).post(CODE, {"code": code})
    browser.post(DELETE)

    assert mailoutbox[0].to == [eve[1].email]
    assert browser.get(DELETE).status_code == 302
    victim[1].refresh_from_db()
    assert victim[1].is_active


def test_a_code_is_valid_only_for_the_user_who_requested_it(page_as, alice, mailoutbox):
    alice.set_unusable_password()
    alice.save()
    browser = page_as(alice, authenticated_at=None)
    browser.post(ASK, {"recipient": alice.email})
    session = browser.session
    session["account_email_reauthentication_code"]["user_id"] = str(UserFactory().pk)
    session.save()

    response = browser.post(CODE, {"code": code_in(mailoutbox[0])})

    assert response.url == ASK
    assert "account_email_reauthentication_code" not in browser.session


def test_the_code_still_works_for_its_own_user(server, eve, mailoutbox):
    server.age(eve[0], HOUR)
    browser = as_user(Client(), eve[0])
    browser.post(ASK, {"recipient": eve[1].email})

    browser.post(CODE, {"code": code_in(mailoutbox[0])})

    assert browser.get(DELETE).status_code == 200


def test_a_message_is_shown_only_to_its_user(eve, victim):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")

    page = as_user(browser, victim[0]).get("/")

    assert page.status_code == 200
    assert "Buy a ring" not in page.text


def test_its_own_user_sees_the_message(eve):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")

    assert "Buy a ring" in browser.get("/").text


@pytest.mark.parametrize("path", [SIGN_IN, "/"])
def test_a_message_is_not_shown_without_the_cookie(eve, path):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")

    page = as_user(browser, None).get(path, follow=True)

    assert page.status_code == 200
    assert "Buy a ring" not in page.text


def test_a_public_page_with_the_cookie_of_another_shows_no_message(eve, victim):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")

    assert "Buy a ring" not in as_user(browser, victim[0]).get(SIGN_IN).text


def test_a_message_is_not_shown_once_the_session_there_has_ended(server, eve):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")
    server.sign_out(eve[0])

    assert "Buy a ring" not in browser.get("/", follow=True).text


def test_a_sign_in_here_gets_no_data_of_the_cookie_user(eve, alice):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")

    page = browser.post(
        SIGN_IN, {"login": alice.email, "password": PASSWORD}, follow=True
    )

    assert page.context["user"] == alice
    assert "Buy a ring" not in page.text


def test_a_presented_token_cannot_be_linked_by_another_user(server, eve, victim):
    other = server.sign_up()
    browser = as_user(Client(), eve[0])
    browser.post(CONNECT, {"token": server.token(other)})

    as_user(browser, victim[0]).post(reverse("accounts:connect-confirm"))

    assert not LinkedIdentity.objects.filter(subject=other.user_id).exists()


def test_a_session_without_a_user_is_emptied(eve, victim):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")
    session = browser.session
    del session["accounts.session_owner"]
    session.save()

    assert "Buy a ring" not in as_user(browser, victim[0]).get("/").text


def test_the_session_of_another_user_is_gone_from_the_database(eve, victim):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")
    key = browser.session.session_key

    as_user(browser, victim[0]).get("/")

    assert not SessionStore().exists(key)


def test_a_cookie_alone_stores_no_session(eve):
    before = BrowserSession.objects.count()

    as_user(Client(), eve[0]).get("/")

    assert BrowserSession.objects.count() == before


@pytest.mark.parametrize("meanwhile", ["nobody", "another user"])
def test_a_draft_returns_to_its_own_user(server, eve, victim, meanwhile):
    browser = trash(as_user(Client(), eve[0]), eve[1], "Buy a ring")
    server.sign_out(eve[0])
    sent = {"text": "Much thought", drafts.PAGE_OF: drafts.mark_of(eve[1])}
    kept = browser.post(reverse("todos:add"), sent)
    [draft] = browser.session["drafts"]
    path = f"{reverse('todos:add')}?draft={draft}"
    if meanwhile == "another user":
        assert "Much thought" not in as_user(browser, victim[0]).get(path).text

    page = as_user(browser, server.sign_in(eve[0].email)).get(path)

    assert kept.status_code == 303
    assert ("Much thought" in page.text) == (meanwhile == "nobody")
