"""Rules for the markup of all pages of tasks and lists."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import timezone

from config.drafts import mark_of
from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions

pytestmark = pytest.mark.any_database

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"


class Page(HTMLParser):
    """Collects violations of the Content-Security-Policy and accessibility errors."""

    def __init__(self, text):
        super().__init__()
        self.faults, self.ids, self.named, self.headings = [], [], set(), 0
        self._script = False
        self.feed(text)
        self.faults += [name for name in self.ids if self.ids.count(name) > 1]
        self.faults += self.named - set(self.ids)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.headings += tag == "h1"
        if tag in {"style", "base", "img", "iframe"}:
            self.faults.append(tag)
        if tag == "script" and not attributes.get("src", "").startswith("/static/"):
            self.faults.append("inline script")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.faults.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"} and not (
                value.startswith(("/", "#", "?")) and not value.startswith("//")
            ):
                self.faults.append(f"{tag} {name}={value}")
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        for name in ("for", "aria-describedby", "aria-labelledby", "popovertarget"):
            self.named |= set((attributes.get(name) or "").split())


@pytest.fixture
def pages(page_as, alice):
    """All pages of a user with hostile texts, by name."""
    now = timezone.now()
    caller = caller_of(alice, now)
    alice.display_name = HOSTILE
    alice.save()
    home = TaskListFactory(owner=alice, name=HOSTILE)
    old = TaskListFactory(owner=alice, name=HOSTILE)
    actions.update_list(caller, list_id=old.pk, changes={"archived_at": now})
    for days in (-1, 0, 1):
        task = TaskFactory(
            owner=alice,
            title=HOSTILE,
            notes=HOSTILE,
            labels=[HOSTILE[:50]],
            list_id=home.pk if days else None,
            due_date=now.date() + timedelta(days),
            rrule="FREQ=DAILY",
            priority=1,
        )
    done, gone = TaskFactory(owner=alice, title="x"), TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, title="x", parent_id=task.pk)
    actions.complete_task(caller, task_id=done.pk)
    actions.trash_task(caller, task_id=gone.pk)
    away = TaskListFactory(owner=alice, name=HOSTILE)
    actions.trash_list(caller, list_id=away.pk)
    label = alice.labels.get()
    client = page_as(alice)
    routes = {
        "today": ("todos:task-today", None),
        "inbox": ("todos:task-inbox", None),
        "upcoming": ("todos:task-upcoming", None),
        "completed": ("todos:task-completed", None),
        "trash": ("todos:task-trash", None),
        "new tasks": ("todos:add", None),
        "grammar": ("todos:add-help", None),
        "task": ("todos:task-detail", task),
        "completed task": ("todos:task-detail", done),
        "task in the trash": ("todos:task-detail", gone),
        "history": ("todos:task-history", task),
        "remove": ("todos:task-remove", gone),
        "complete": ("todos:task-complete", task),
        "menu": ("todos:task-menu", task),
        "choose a list": ("todos:task-lists", task),
        "choose labels": ("todos:task-labels", task),
        "date": ("todos:task-date", task),
        "overdue": ("todos:overdue", None),
        "move list": ("todos:list-move", home),
        "archive": ("todos:list-archive", home),
        "restore list": ("todos:list-restore", away),
        "list": ("todos:list-detail", home),
        "archived list": ("todos:list-detail", old),
        "list menu": ("todos:list-menu", home),
        "search": ("todos:search", None),
        "labels": ("todos:label-list", None),
        "label": ("todos:label-detail", label),
        "label menu": ("todos:label-menu", label),
        "edit label": ("todos:label-update", label),
        "merge label": ("todos:label-merge", label),
        "delete label": ("todos:label-delete", label),
        "new list": ("todos:list-create", None),
        "edit list": ("todos:list-update", home),
        "delete list": ("todos:list-delete", home),
        "api": ("api:docs", None),
    }
    found = {
        name: client.get(reverse(route, args=[row.pk] if row else None))
        for name, (route, row) in routes.items()
    }
    found["select"] = client.get("/?select=1")
    found["bulk"] = client.post("/bulk/", {"task": task.pk, "action": "undated"})
    batch = last_change(alice).batch
    found["undo"] = client.get(reverse("todos:undo", args=[batch]))
    for edit in ("notes", "due_tz", str(step.pk)):
        query = {"task": str(task.pk), "edit": edit}
        found[f"details {edit}"] = client.get(reverse("todos:task-inbox"), query)
    title = {"title": HOSTILE, "seen": "another"}
    for name, row in (("in the trash", gone), ("conflict", done), ("step", step)):
        url = reverse("todos:task-set", args=[row.pk, "title"])
        found[name] = client.post(url, title)
    other = {"page_of": mark_of(UserFactory()), "text": HOSTILE}
    found["another user's"] = client.post("/quick/", other)
    found["absent"] = client.get("/lists/nowhere/")
    query = {"q": HOSTILE[:30], "list": HOSTILE}
    found["refused search"] = client.get(reverse("todos:search"), query)
    refused = {"text": HOSTILE * 20}
    found["refused form"] = client.post(reverse("todos:quick-add"), refused)
    found["message"] = client.post(
        reverse("todos:task-complete", args=[task.pk]), follow=True
    )
    return found


def test_complies_with_the_content_security_policy(pages):
    faults = {name: Page(page.content.decode()).faults for name, page in pages.items()}

    assert {name: found for name, found in faults.items() if found} == {}


def test_has_one_main_heading_and_a_title(pages):
    for name, page in pages.items():
        text = page.content.decode()
        assert Page(text).headings == 1, name
        assert "<title>" in text and "· Ownlist</title>" in text, name
        assert '<html lang="en"' in text, name


def test_has_the_policy_and_is_not_cached(pages):
    for name, page in pages.items():
        policy = page["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert page["Cache-Control"] == "no-store", name


def test_shows_the_theme_of_the_user(page_as, alice):
    alice.theme = "dark"
    alice.save()

    page = page_as(alice).get(reverse("todos:task-today")).content.decode()

    assert '<html lang="en" data-theme="dark"' in page
