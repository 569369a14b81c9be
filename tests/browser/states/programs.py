"""The pages for engineers and support staff: the API and the admin."""

from django.urls import reverse

from tests.browser.registry import state
from tests.factories import TaskFactory
from tests.support import join


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
