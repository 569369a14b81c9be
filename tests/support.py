"""What the tests of the admin share: support staff, and every page they could open."""

from importlib import import_module

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

support_group = import_module("accounts.migrations.0004_support_group")


def join(user):
    """Put a member of staff into the group, as a superuser would.

    The migration made the group. A test that empties the tables may have run before.
    """
    support_group.make_group(apps, connection.schema_editor())
    user.groups.add(Group.objects.get(name=support_group.NAME))
    return user
