"""The pages for engineers and support staff: the API and the admin."""

from django.urls import reverse

from tests.browser.registry import state, state_with
from tests.factories import TaskFactory, UserFactory
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


@state
def admin(visit):
    join(visit.sign_in(is_staff=True))
    visit.go(reverse("admin:index"))


@state
def admin_users(visit):
    join(visit.sign_in(is_staff=True))
    visit.go(reverse("admin:accounts_user_changelist"))


@state
def admin_user(visit):
    sam = join(visit.sign_in(is_staff=True))
    visit.go(reverse("admin:accounts_user_change", args=[sam.pk]))


def look_as_staff(visit):
    """Sign in as staff who may look at the returned task."""
    sam, alice = join(visit.sign_in(is_staff=True)), UserFactory()
    notes = "Flour, butter and [a recipe](https://example.com).\n\n- Not too sweet"
    task = TaskFactory(owner=alice, title="Walnut cake", notes=notes, labels=["sweet"])
    TaskFactory(owner=alice, parent_id=task.pk, title="Crack the nuts")
    open_view(granted(alice), sam)
    return task


@state
def admin_support_code(visit):
    join(visit.sign_in(is_staff=True))
    visit.go(reverse("admin:support_view", args=[UserFactory().pk]))


@state
def admin_support_lists(visit):
    task = look_as_staff(visit)
    visit.go(reverse("admin:support_view_lists", args=[task.owner_id]))


@state
def admin_support_list(visit):
    task = look_as_staff(visit)
    key = [task.owner_id, task.list_id]
    visit.go(reverse("admin:support_view_list", args=key))


@state
def admin_support_task(visit):
    task = look_as_staff(visit)
    visit.go(reverse("admin:support_view_task", args=[task.owner_id, task.pk]))


@state_with(403)
def admin_support_ended(visit):
    join(visit.sign_in(is_staff=True))
    visit.go(reverse("admin:support_view_lists", args=[UserFactory().pk]))
