"""Helpers for the tests of the admin: support staff, and the admin pages."""

from importlib import import_module

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from accounts import support
from accounts.models import SupportLook
from tests.factories import UserFactory

Page = SupportLook.Page

support_group = import_module("accounts.migrations.0004_support_group")
support_grant = import_module("accounts.migrations.0019_support_grant")


def join(user):
    """Add a staff user to the group, as a superuser would.

    A migration creates the group, but a test that empties the tables may have run
    before.
    """
    support_group.make_group(apps, connection.schema_editor())
    support_grant.let_support_look(apps, connection.schema_editor())
    user.groups.add(Group.objects.get(name=support_group.NAME))
    return user


def granted(user):
    """Let support look at the tasks of the user."""
    reason = "My shopping list has disappeared, and the week is long."
    return support.grant(user=user, minutes=30, reason=reason, at=timezone.now())


def open_view(grant, staff):
    """Enter the code of a view."""
    code = {"user_id": grant.user_id, "code": support.code_of(grant)}
    assert support.enter_code(staff=staff, at=timezone.now(), **code)


def look_at(grant, task):
    """Open the view as a new member of staff, and look at the lists and at a task."""
    staff = UserFactory(is_staff=True)
    open_view(grant, staff)
    for page, key in (
        (Page.LISTS, None),
        (Page.LIST, task.list_id),
        (Page.TASK, task.pk),
    ):
        looking = {"page": page, "object_id": key, "at": timezone.now()}
        with support.look(staff=staff, user_id=grant.user_id, **looking):
            pass
