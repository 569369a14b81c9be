"""The pages of personal access tokens."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import personal_tokens
from accounts.models import PersonalAccessToken
from config.api.scopes import APPEND, READ, WRITE
from tests.factories import TaskFactory, TaskListFactory
from tests.personal_tokens import text_of, token_of
from todos.models import Change, Task

NEW = "/accounts/tokens/new/"
LIST = "/accounts/tokens/"


def form(**fields):
    return {
        "name": "Backup script",
        "scopes": [READ],
        "reach": "all",
        "lifetime": "30",
        "once": str(uuid4()),
    } | fields


def token_in(page):
    found = re.search(personal_tokens.PATTERN, page.content.decode())
    return found and found[0]


# --- Creating ---------------------------------------------------------------------


def test_a_new_token_is_shown_once_and_works(alice, page_as, api_with):
    browser = page_as(alice)
    sent = form(scopes=[READ, APPEND])

    page = browser.post(NEW, sent)

    text = token_in(page)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert api_with(text).get("/api/v1/tasks").status_code == 200
    token = PersonalAccessToken.objects.get(user=alice)
    assert token.scopes == "tasks:read tasks:append"
    assert token.lists is None
    assert token.expires_at - token.created_at == timedelta(days=30)
    for path in (LIST, reverse("todos:token", args=[token.pk])):
        shown = browser.get(path)
        assert "Backup script" in shown.content.decode()
        assert token_in(shown) is None


def test_a_form_that_is_sent_again_makes_no_second_token(alice, page_as):
    browser, sent = page_as(alice), form()
    browser.post(NEW, sent)

    again = browser.post(NEW, sent, follow=True)

    assert again.redirect_chain == [(LIST, 303)]
    assert "Its text can&#x27;t be shown again" in again.content.decode()
    assert PersonalAccessToken.objects.filter(user=alice).count() == 1


def test_creating_a_token_needs_a_recent_sign_in(alice, page_as):
    browser = page_as(alice, authenticated_at=timezone.now() - timedelta(hours=1))

    answer = browser.post(NEW, form())

    assert answer.status_code == 303
    assert "reauthenticate" in answer.url
    assert not PersonalAccessToken.objects.exists()


def test_a_token_can_be_limited_to_lists_and_end_on_a_day(alice, page_as):
    home = TaskListFactory(owner=alice, name="Home")
    day = (timezone.now() + timedelta(days=10)).date()

    page_as(alice).post(
        NEW,
        form(
            reach="some", lists=[str(home.pk)], lifetime="date", until=day.isoformat()
        ),
    )

    token = PersonalAccessToken.objects.get(user=alice)
    assert token.list_ids == [home.pk]
    assert token.expires_at.date() == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, "required"),
        ({"name": "a\x07b"}, "Remove the character"),
        ({"name": "a" * 81}, "at most 80 characters"),
        ({"name": "a" * 10_000}, "at most 80 characters"),
        ({"scopes": []}, "Choose what the token may do"),
        ({"scopes": ["admin"]}, "Select a valid choice"),
        ({"reach": "some"}, "Choose at least one list"),
        ({"reach": "some", "lists": ["<foreign>"]}, "Select a valid choice"),
        ({"reach": "some", "lists": ["x"]}, "Select a valid choice"),
        ({"reach": "all", "lists": ["<own>"]}, "or uncheck the lists"),
        ({"lifetime": "1000"}, "Select a valid choice"),
        ({"lifetime": "date"}, "Enter the last day"),
        ({"lifetime": "date", "until": "2020-01-01"}, "Enter a day from today"),
        ({"lifetime": "date", "until": "9999-12-31"}, "Enter a day from today"),
        ({"once": "x"}, "valid UUID"),
    ],
)
def test_invalid_input_is_refused_in_words_and_nothing_is_stored(
    alice, bob, page_as, fields, error
):
    ids = {
        "<own>": str(TaskListFactory(owner=alice).pk),
        "<foreign>": str(TaskListFactory(owner=bob).pk),
    }
    if "lists" in fields:
        fields = fields | {"lists": [ids.get(key, key) for key in fields["lists"]]}

    page = page_as(alice).post(NEW, form(**fields))

    assert page.status_code == 200
    assert error in page.content.decode()
    assert token_in(page) is None
    assert not PersonalAccessToken.objects.exists()


def test_too_many_tokens_are_refused_in_words(alice, page_as, monkeypatch):
    monkeypatch.setattr(personal_tokens, "MOST", 1)
    token_of(alice)

    page = page_as(alice).post(NEW, form())

    assert "Revoke one that you no longer need first" in page.content.decode()
    assert PersonalAccessToken.objects.count() == 1


# --- One token --------------------------------------------------------------------


def test_the_page_tells_what_the_token_did(alice, page_as, api_with):
    token, text = token_of(alice, APPEND, name="Night job")
    TaskFactory(owner=alice, title="By hand")
    api_with(text).post("/api/v1/tasks", {"title": "By the script"})

    page = page_as(alice).get(reverse("todos:token", args=[token.pk]))

    shown = page.content.decode()
    assert "“By the script” was added" in shown
    assert "By hand" not in shown
    assert "Add tasks, without reading anything" in shown


def test_revoking_ends_it(alice, page_as, api_with):
    token, text = token_of(alice)
    path = reverse("todos:token-revoke", args=[token.pk])
    browser = page_as(alice)
    assert browser.get(path).status_code == 200
    assert api_with(text).get("/api/v1/tasks").status_code == 200

    page = browser.post(path, follow=True)

    assert "Revoked" in page.content.decode()
    assert api_with(text).get("/api/v1/tasks").status_code == 401
    again = browser.post(path, follow=True)
    assert "has ended already" in again.content.decode()


def test_rights_are_taken_away(alice, page_as):
    token, _ = token_of(alice, WRITE)
    path = reverse("todos:token-rights", args=[token.pk])
    browser = page_as(alice)
    asked = browser.get(path).content.decode()
    assert 'value="export"' not in asked
    assert asked.count(" checked") == 3  # those that it includes can be kept, too

    for scopes in ([], ["export"], [READ, "export"]):
        assert browser.post(path, {"scopes": scopes}).status_code == 200
    page = browser.post(path, {"scopes": [READ, APPEND]}, follow=True)

    assert "may do less now" in page.content.decode()
    token.refresh_from_db()
    assert token.scopes == "tasks:read tasks:append"


@pytest.mark.parametrize(
    "name", ["token", "token-rights", "token-revoke", "token-undo"]
)
def test_a_foreign_token_does_not_exist(alice, bob, page_as, name):
    token, text = token_of(alice)
    path = reverse(f"todos:{name}", args=[token.pk])
    stranger = page_as(bob)

    assert stranger.get(path).status_code == 404
    if name != "token":
        body = {"since": "all", "scopes": [READ]}
        assert stranger.post(path, body).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


# --- Undo -------------------------------------------------------------------------


def undo(browser, token, since="all", **fields):
    path = reverse("todos:token-undo", args=[token.pk])
    return browser.post(path, {"since": since, **fields}, follow=True)


def test_everything_it_did_is_undone_and_can_be_done_again(alice, page_as, api_with):
    kept = TaskFactory(owner=alice, title="Kept")
    token, text = token_of(alice, WRITE)
    script, browser = api_with(text), page_as(alice)
    script.patch(f"/api/v1/tasks/{kept.pk}", {"title": "Changed", "labels": ["new"]})
    script.post("/api/v1/tasks/quick", {"text": "One\nTwo"})
    script.post("/api/v1/lists", {"name": "Its list"})

    page = undo(browser, token)

    assert "Undone:" in page.content.decode()
    assert list(alice.tasks.values_list("title", flat=True)) == ["Kept"]
    assert not alice.task_lists.filter(name="Its list").exists()
    assert not alice.labels.exists()
    assert "nothing left to undo" in undo(browser, token).content.decode()

    batch = Change.objects.owned_by(alice).order_by("-seq").first().batch
    browser.post(reverse("todos:undo", args=[batch]))
    assert set(alice.tasks.values_list("title", flat=True)) == {
        "Changed",
        "One",
        "Two",
    }


def test_what_was_changed_since_stays_and_is_named(alice, page_as, api_with, api_as):
    token, text = token_of(alice, APPEND)
    script = api_with(text)
    first = script.post("/api/v1/tasks", {"title": "First"}).json()["id"]
    script.post("/api/v1/tasks", {"title": "Second"})
    api_as(alice).patch(f"/api/v1/tasks/{first}", {"title": "First, by hand"})

    page = undo(page_as(alice), token)

    shown = page.content.decode()
    assert "Undone: 1 change" in shown
    assert "“First, by hand” was edited" in shown
    assert list(alice.tasks.values_list("title", flat=True)) == ["First, by hand"]


def test_earlier_changes_stay(alice, page_as):
    token, _ = token_of(alice, APPEND)
    credential = f"personal-token:{token.pk}"
    for title, hours in (("Old", 30), ("New", 3)):
        TaskFactory(owner=alice, title=title)
        at = timezone.now() - timedelta(hours=hours)
        last = alice.changes.order_by("-seq").first()
        alice.changes.filter(pk=last.pk).update(credential=credential, at=at)

    undo(page_as(alice), token, since="24")

    assert list(alice.tasks.values_list("title", flat=True)) == ["Old"]


@pytest.mark.parametrize(
    ("limit", "most", "counts"),
    [("BATCHES_MAX", 2, [3, 1, 0]), ("SECONDS_MAX", 0, [4, 3, 2])],
)
def test_a_long_undo_goes_on_where_it_stopped(
    alice, page_as, api_with, monkeypatch, limit, most, counts
):
    monkeypatch.setattr(f"todos.actions.undo_by_credential.{limit}", most)
    token, text = token_of(alice, APPEND)
    for number in range(5):
        api_with(text).post("/api/v1/tasks", {"title": f"Task {number}"})
    browser = page_as(alice)

    left = []
    fields = {}
    for _ in range(3):
        page = undo(browser, token, **fields)
        left.append(alice.tasks.count())
        found = re.search(r'name="before" value="(\d+)"', page.content.decode())
        fields = {"before": found[1]} if found else {}

    assert left == counts


def test_another_token_and_another_user_keep_theirs(alice, bob, page_as, api_with):
    token, text = token_of(alice, APPEND)
    for client in (api_with(text_of(alice, APPEND)), api_with(text_of(bob, APPEND))):
        client.post("/api/v1/tasks", {"title": "Theirs"})

    undo(page_as(alice), token)

    assert Task.objects.count() == 2
