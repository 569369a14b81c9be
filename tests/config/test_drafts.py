"""Forms that are sent after the session has ended, or with an old CSRF token.

The user signs in and sees the form with their input; a button asks for confirmation.
Nothing is done without a confirmation, no other user sees the text, and no page answers
405.
"""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.models import BrowserSession
from config import drafts
from tests.changes import caller_of
from tests.factories import PASSWORD, TaskFactory, TaskListFactory
from tests.signing_in import browser_of, password_at
from tests.tables import as_one_test
from tests.test_access_matrix import PAGES, AliceObjects, routes_of
from todos import actions
from todos.models import Task, TaskList

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.usefixtures("one_rate_window"),
]

TEXT = "Written with much thought"
SIGN_IN = reverse("account_login")
ORIGIN = {"Origin": "http://testserver"}


@pytest.fixture
def tab(alice):
    """A browser with a session of Alice, with CSRF checks."""
    return signed_in(alice)


def signed_in(user):
    client = Client(enforce_csrf_checks=True, headers=ORIGIN)
    sign_in(client, user, client.get(SIGN_IN))
    return client


def hidden(page, name):
    main = page.content.decode().partition("<main")[2]
    found = re.search(rf'name="{name}" value="([^"]*)"', main)
    return unescape(found[1]) if found else ""


def form_of(page, **fields):
    """Return what the form of this page sends with these fields."""
    sent = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "next")}
    return sent | {drafts.PAGE_OF: hidden(page, drafts.PAGE_OF)} | fields


def sign_in(client, user, page):
    """Sign in on a sign-in page and follow the redirect."""
    body = {"login": user.email, "password": PASSWORD}
    sent = {k: v for k, v in form_of(page, **body).items() if v}
    return client.post(SIGN_IN, sent, follow=True)


def lose_session(client):
    BrowserSession.objects.all().delete()


# The page, the input, and the URL that it is sent to.
FORMS = {
    "quick add": ("/", "/quick/", {"text": TEXT}),
    "quick add of a list": ("<list>", "/quick/", {"text": TEXT}),
    "new task": ("/add", "/add", {"text": TEXT}),
    "title": ("<task>", "<title>", {"title": TEXT}),
    "notes": ("<task>", "<notes>", {"notes": TEXT}),
    "step": ("<task>", "<steps>", {"text": TEXT}),
    "new list": ("/lists/new/", "/lists/new/", {"name": TEXT, "colour": "red"}),
    "edit list": ("<edit list>", "<edit list>", {"name": TEXT, "colour": "red"}),
    "settings": (
        "/accounts/settings/",
        "/accounts/settings/",
        {"display_name": TEXT, "timezone": "UTC", "theme": "dark"},
    ),
    "address": (
        "/accounts/email/",
        "/accounts/email/",
        {"email": "written@example.com", "action_add": ""},
    ),
}
each_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture
def send(alice):
    """Open a page, let something happen, and then send the form."""
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(owner=alice, title="Buy milk", list_id=home.pk)
    paths = {
        "<list>": reverse("todos:list-detail", args=[home.pk]),
        "<task>": reverse("todos:task-detail", args=[task.pk]) + "?next=/inbox/",
        "<title>": reverse("todos:task-set", args=[task.pk, "title"]),
        "<notes>": reverse("todos:task-set", args=[task.pk, "notes"]),
        "<steps>": reverse("todos:task-add-step", args=[task.pk]),
        "<edit list>": reverse("todos:list-update", args=[home.pk]),
    }

    def send(client, form, *, meanwhile, **more):
        shown, sent_to, fields = FORMS[form]
        page = client.get(paths.get(shown, shown))
        meanwhile(client)
        body = form_of(page, **fields, **more)
        return client.post(paths.get(sent_to, sent_to), body)

    return send


def written(form):
    fields = FORMS[form][2]
    return next(value for value in fields.values() if len(value) > 5)


def count():
    names = TaskList.objects.filter(name=TEXT).count()
    return names + Task.objects.filter(title=TEXT).count()


# --- The session has ended --------------------------------------------------------


@each_form
def test_the_form_is_shown_again_with_the_input(tab, alice, send, form):
    refused = send(tab, form, meanwhile=lose_session)
    page = sign_in(tab, alice, tab.get(refused.url))

    text = page.content.decode()
    assert refused.status_code == 303
    assert page.status_code == 200
    assert written(form) in text
    assert "Your text has been restored but not saved yet" in text
    assert count() == 0


def test_a_restored_form_can_be_saved_and_redirects_as_usual(tab, alice, send):
    refused = send(tab, "quick add of a list", meanwhile=lose_session)
    page = sign_in(tab, alice, tab.get(refused.url))
    home = TaskList.objects.get(name="Home")

    saved = tab.post("/quick/", form_of(page, text=TEXT))

    here = f"/lists/{home.pk}/#quick-add-line"
    assert (saved.status_code, saved.url) == (303, here)
    assert Task.objects.filter(title=TEXT).count() == 1
    assert tab.session[drafts.SESSION_KEY] == {}


@each_form
def test_the_input_is_in_no_url(tab, alice, send, form):
    refused = send(tab, form, meanwhile=lose_session)
    page = sign_in(tab, alice, tab.get(refused.url))

    addresses = [refused.url, *(url for url, _ in page.redirect_chain)]
    assert not any(written(form)[:7] in url for url in addresses)


@each_form
def test_the_input_is_not_logged(tab, alice, send, form, caplog):
    refused = send(tab, form, meanwhile=lose_session)
    sign_in(tab, alice, tab.get(refused.url))

    assert not any(written(form) in str(vars(record)) for record in caplog.records)


@each_form
def test_another_user_who_signs_in_does_not_see_the_draft(tab, bob, send, form):
    refused = send(tab, form, meanwhile=lose_session)

    page = sign_in(tab, bob, tab.get(refused.url))

    assert written(form) not in page.content.decode()
    assert tab.session[drafts.SESSION_KEY] == {}


def test_a_draft_is_kept_for_an_hour(tab, alice, send):
    refused = send(tab, "new task", meanwhile=lose_session)
    assert 3500 < tab.session.get_expiry_age() <= 3600
    session = tab.session
    for draft in session[drafts.SESSION_KEY].values():
        draft["at"] = (timezone.now() - drafts.KEPT_FOR).isoformat()
    session.save()

    page = sign_in(tab, alice, tab.get(refused.url))

    assert page.status_code == 200
    assert TEXT not in page.content.decode()


def test_the_session_gets_its_usual_lifetime_after_the_sign_in(tab, alice, send):
    refused = send(tab, "new task", meanwhile=lose_session)

    sign_in(tab, alice, tab.get(refused.url))

    assert tab.session.get_expire_at_browser_close()
    assert tab.session.get_expiry_age() > timedelta(days=13).total_seconds()


def test_the_last_three_forms_are_kept(tab, alice, send):
    sent = [send(tab, form, meanwhile=lambda client: None) for form in ("new list",)]
    assert sent[0].status_code == 303  # while the session is valid
    pages = [tab.get("/add") for _ in range(4)]
    lose_session(tab)

    refused = [
        tab.post("/add", form_of(page, text=f"Thought {number}"))
        for number, page in enumerate(pages)
    ]
    sign_in(tab, alice, tab.get(refused[0].url))

    back = [parse_qs(urlsplit(one.url).query)["next"][0] for one in refused]
    shown = [
        f"Thought {n}" in tab.get(url).content.decode() for n, url in enumerate(back)
    ]
    assert shown == [False, True, True, True]


def test_a_form_of_the_maximum_size_is_kept(tab, alice):
    task = TaskFactory(owner=alice)
    page = tab.get(reverse("todos:task-detail", args=[task.pk]))
    url = reverse("todos:task-set", args=[task.pk, "notes"])
    lose_session(tab)
    notes = "🌱" * 20_000

    refused = tab.post(url, form_of(page, notes=notes))
    shown = sign_in(tab, alice, tab.get(refused.url))

    assert notes in shown.content.decode()


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [("BYTES_MAX", 100, "too long"), (None, None, "Too much text was kept")],
)
def test_explains_when_the_input_cannot_be_kept(
    tab, settings, monkeypatch, limit, value, why
):
    if limit:
        monkeypatch.setattr(drafts, limit, value)
    else:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"draft": (0, 3600)}
    page = tab.get("/add")
    lose_session(tab)

    response = tab.post("/add", form_of(page, text=TEXT * 5))

    text = response.content.decode()
    assert response.status_code == 403
    assert why in text
    assert "Go back in your browser" in text


@pytest.mark.parametrize("mark", ["", "abc", "01a226a7-e49c-74b3-ac96-e5e5fd7aecd0:x"])
def test_nothing_is_kept_for_a_visitor_who_never_signed_in(client, db, mark):
    client.post("/add", {"text": TEXT, drafts.PAGE_OF: mark})

    assert not BrowserSession.objects.exists()


def test_a_password_is_never_kept(tab, alice):
    page = tab.get("/accounts/password/change/")
    lose_session(tab)

    body = form_of(
        page, oldpassword=PASSWORD, **{drafts.PAGE_OF: drafts.mark_of(alice)}
    )
    refused = tab.post("/accounts/password/change/", body)

    assert drafts.DRAFT not in refused.url
    assert not BrowserSession.objects.exists()


@pytest.mark.parametrize("form", ["title", "notes", "step"])
@pytest.mark.parametrize("event", [actions.trash_task, "remove"])
def test_the_form_is_shown_again_if_the_task_was_deleted_meanwhile(
    tab, alice, send, form, event
):
    refused = send(tab, form, meanwhile=lose_session)
    caller, task_id = caller_of(alice), Task.objects.get().pk
    actions.trash_task(caller, task_id=task_id)
    if event == "remove":
        actions.remove_task(caller, task_id=task_id)

    page = sign_in(tab, alice, tab.get(refused.url))

    assert page.status_code in {200, 409}
    assert TEXT in page.content.decode()
    assert count() == 0


def test_an_action_asks_for_confirmation_after_the_sign_in(tab, alice):
    task = TaskFactory(owner=alice, title="Buy milk")
    page = tab.get("/inbox/")
    lose_session(tab)

    refused = tab.post(f"/tasks/{task.pk}/complete/?next=/inbox/", form_of(page))
    asked = sign_in(tab, alice, tab.get(refused.url))

    text = asked.content.decode()
    assert "<h1>Complete “Buy milk”?</h1>" in text
    assert not Task.objects.get().is_completed

    done = tab.post(f"/tasks/{task.pk}/complete/", form_of(asked))

    assert (done.status_code, done.url) == (303, "/inbox/")
    assert Task.objects.get().is_completed


def test_an_undo_asks_for_confirmation_and_redirects_to_its_page(tab, alice):
    TaskFactory(owner=alice)
    batch = alice.changes.get().batch
    page = tab.get("/inbox/")
    lose_session(tab)

    body = form_of(page) | {"next": "/inbox/"}
    refused = tab.post(reverse("todos:undo", args=[batch]), body)
    asked = sign_in(tab, alice, tab.get(refused.url))

    assert "<h1>Undo this change?</h1>" in asked.content.decode()
    assert hidden(asked, "next") == "/inbox/"


def test_the_form_is_shown_again_after_a_required_recent_sign_in(page_as, alice):
    client = page_as(alice, authenticated_at=None)
    body = {
        "email": "written@example.com",
        "action_add": "",
        drafts.PAGE_OF: drafts.mark_of(alice),
    }

    refused = client.post(reverse("account_email"), body)
    page = client.post(refused.url, {"password": PASSWORD}, follow=True)

    assert "written%40" not in refused.url
    assert 'value="written@example.com"' in page.content.decode()
    assert alice.emailaddress_set.count() == 1


def test_signing_out_requires_no_sign_in(tab):
    page = tab.get("/")
    lose_session(tab)

    response = tab.post("/accounts/logout/", form_of(page, next=""))

    assert response.url == SIGN_IN


# --- The CSRF token is from an earlier sign-in ------------------------------------


def sign_in_elsewhere(user):
    """Sign out and in again as this user, as another tab would."""

    def happen(client):
        client.post("/accounts/logout/", form_of(client.get("/accounts/logout/")))
        sign_in(client, user, client.get(SIGN_IN))

    return happen


def sign_out_elsewhere(client):
    client.post("/accounts/logout/", form_of(client.get("/accounts/logout/")))
    client.cookies.pop("ownlist_csrf")


@each_form
def test_a_form_with_an_old_csrf_token_is_shown_again_with_the_input(
    tab, alice, send, form
):
    refused = send(tab, form, meanwhile=sign_in_elsewhere(alice))

    page = tab.get(hidden_link(refused))

    assert refused.status_code == 403
    assert "This page has expired" in refused.content.decode()
    assert written(form) in page.content.decode()
    assert count() == 0


def hidden_link(page):
    """Return the URL of the button on an error page."""
    found = re.search(r'href="([^"]*)">Continue<', page.content.decode())
    return unescape(found[1])


def test_a_form_with_an_old_csrf_token_and_no_session_is_shown_again_after_signing_in(
    tab, alice, send
):
    refused = send(tab, "new task", meanwhile=sign_out_elsewhere)
    asked = tab.get(hidden_link(refused), follow=True)

    page = sign_in(tab, alice, asked)

    assert refused.status_code == 403
    assert TEXT in page.content.decode()


@each_form
def test_a_form_on_a_page_of_another_user_is_not_kept(tab, bob, send, form):
    refused = send(tab, form, meanwhile=sign_in_elsewhere(bob))

    text = refused.content.decode()
    assert refused.status_code == 403
    assert "You are now signed in to another account." in text
    assert written(form) not in text
    assert drafts.SESSION_KEY not in tab.session


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}],
)
def test_a_form_from_another_site_is_not_kept(tab, alice, headers):
    body = {"text": TEXT, drafts.PAGE_OF: drafts.mark_of(alice)}

    response = tab.post("/add", body, headers=headers)

    assert response.status_code == 403
    assert "Continue" not in response.content.decode()
    assert drafts.SESSION_KEY not in tab.session


def test_a_form_on_a_page_of_another_user_is_not_saved_even_with_a_valid_token(
    page_as, alice, bob
):
    body = {"text": TEXT, drafts.PAGE_OF: drafts.mark_of(alice)}

    response = page_as(bob).post("/add", body)

    assert response.status_code == 403
    assert not Task.objects.exists()


# --- Every page -------------------------------------------------------------------

POSTED = [row for row in PAGES if row.method == "POST"]


def what_is_there(row):
    # Connecting needs a configured external issuer.
    is_empty = row.owner == 404 or row.route.startswith("accounts/connect/")
    return 404 if is_empty else 200


@as_one_test
@pytest.mark.parametrize("row", POSTED, ids=lambda row: row.route)
def test_every_form_leads_to_a_page_after_signing_in(alice, row):
    """After signing in, every form leads to a page and never to a 405."""
    client = Client()
    path = AliceObjects(alice).path_of(row.route)
    refused = client.post(path, row.body)
    if not (refused.status_code == 303 and "next=" in refused.url):
        return  # a public page, which has tests of its own

    page = sign_in(client, alice, client.get(refused.url))

    assert page.status_code == what_is_there(row), path
    assert page.wsgi_request.method == "GET"


@as_one_test
@pytest.mark.parametrize("row", POSTED, ids=lambda row: row.route)
def test_every_form_with_an_old_csrf_token_leads_to_a_page(alice, row):
    client = Client(enforce_csrf_checks=True, headers=ORIGIN)
    client.cookies = browser_of(alice, proof=password_at(timezone.now())).cookies
    path = AliceObjects(alice).path_of(row.route)

    refused = client.post(path, row.body)

    if refused.status_code != 403:
        assert "reminders/" in path or row.owner == 404
        return
    page = client.get(hidden_link(refused), follow=True)
    assert page.status_code == what_is_there(row), path


# They have no forms.
OTHERS = (
    *("api/", "admin/", "healthz", "readyz", "doctor", ".well"),
    *("offline/", "manifest.webmanifest", "sw.js"),
)


def test_all_pages_with_forms_are_tested():
    pages = {
        route for route in routes_of(get_resolver()) if not route.startswith(OTHERS)
    }

    assert {row.route for row in PAGES} == pages


# Their input is of no use later: a code, and the name of a passkey that is made later.
KEEPS_NOTHING = {"accounts/2fa/app/", "accounts/2fa/passkeys/add/"}

# A search is part of the address, and a hidden input is not the user's.
FORM = re.compile(r'<form[^>]* method="post".*?</form>', re.DOTALL)
LINES = re.compile(
    r'<textarea|<input type="(?:text|email)"(?![^>]* hidden)|<input class="quick'
)


def test_every_form_with_text_contains_the_mark_of_its_user(alice):
    client = browser_of(alice, proof=password_at(timezone.now()))
    objects = AliceObjects(alice)
    without = {}
    for row in PAGES:
        if row.method != "GET" or row.owner != 200 or row.route in KEEPS_NOTHING:
            continue
        response = client.get(objects.path_of(row.route))
        if response.streaming:  # a file, which has no form
            assert b"".join(response)
            continue
        page = response.content.decode()
        for form in FORM.findall(page):
            is_public = row.anonymous == 200
            if LINES.search(form) and drafts.PAGE_OF not in form and not is_public:
                without[row.route] = form[:200]

    assert without == {}
