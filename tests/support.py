"""Helpers for the tests of the admin: support staff, and the admin pages."""

from importlib import import_module

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

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
