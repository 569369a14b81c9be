"""The pages for engineers and support staff: the API and the admin."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts import events
from accounts.models import SecurityEvent
from tests.browser.registry import state, state_with
from tests.factories import TaskFactory, UserFactory
from tests.signing_in import with_app
from tests.support import granted, join, open_view


@state
def api_reference(visit):
    visit.go("/api/docs")


@state
def browsable_api(visit):
    TaskFactory(owner=visit.sign_in(), title="Buy milk")
    visit.go("/api/v1/tasks")


@state
def browsable_task(visit):
    task = TaskFactory(owner=visit.sign_in(), title="Buy milk")
    visit.go(f"/api/v1/tasks/{task.pk}")


def sign_in_as_staff(visit):
    """Sign in as staff with a second step, without which the admin stays closed."""
    sam = join(UserFactory(is_staff=True))
    with_app(sam, at=timezone.now() - timedelta(hours=1))
    return visit.sign_in(sam)


def go_to(visit, path):
    """Open a page of the admin, and not the page that staff are sent to instead."""
    visit.go(path)
    assert urlsplit(visit.page.url).path == path


@state
def admin(visit):
    sign_in_as_staff(visit)
    go_to(visit, reverse("admin:index"))


@state
def admin_users(visit):
    sign_in_as_staff(visit)
    go_to(visit, reverse("admin:accounts_user_changelist"))


@state
def admin_user(visit):
    sam = sign_in_as_staff(visit)
    go_to(visit, reverse("admin:accounts_user_change", args=[sam.pk]))


@state
def admin_user_with_events(visit):
    sign_in_as_staff(visit)
    alice = UserFactory()
    for kind in SecurityEvent.Kind:
        events.record(alice, kind, at=timezone.now())
    alice.security_events.update(request_id="1234567890abcdef" * 2)
    go_to(visit, reverse("admin:accounts_user_change", args=[alice.pk]))


def look_as_staff(visit):
    """Sign in as staff who may look at the returned task."""
    sam, alice = sign_in_as_staff(visit), UserFactory()
    notes = "Flour, butter and [a recipe](https://example.com).\n\n- Not too sweet"
    task = TaskFactory(owner=alice, title="Walnut cake", notes=notes, labels=["sweet"])
    TaskFactory(owner=alice, parent_id=task.pk, title="Crack the nuts")
    open_view(granted(alice), sam)
    return task


@state
def admin_support_code(visit):
    sign_in_as_staff(visit)
    go_to(visit, reverse("admin:support_view", args=[UserFactory().pk]))


@state
def admin_support_code_refused(visit):
    sign_in_as_staff(visit)
    go_to(visit, reverse("admin:support_view", args=[UserFactory().pk]))
    visit.page.get_by_label("Code").fill("12345678")
    visit.page.get_by_role("button", name="Look at tasks").click()
    expect(visit.page.get_by_text("This code opens nothing.")).to_be_visible()


@state
def admin_support_lists(visit):
    task = look_as_staff(visit)
    go_to(visit, reverse("admin:support_view_lists", args=[task.owner_id]))


@state
def admin_support_list(visit):
    task = look_as_staff(visit)
    key = [task.owner_id, task.list_id]
    go_to(visit, reverse("admin:support_view_list", args=key))


@state
def admin_support_task(visit):
    task = look_as_staff(visit)
    go_to(visit, reverse("admin:support_view_task", args=[task.owner_id, task.pk]))


@state_with(403)
def admin_support_ended(visit):
    sign_in_as_staff(visit)
    go_to(visit, reverse("admin:support_view_lists", args=[UserFactory().pk]))
