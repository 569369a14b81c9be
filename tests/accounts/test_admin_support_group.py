import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from tests import support

EXACTLY = {
    "accounts.view_user",
    "accounts.deactivate_user",
    "accounts.send_password_reset",
    "accounts.sign_out_user",
    "accounts.look_at_tasks",
}


def test_has_exactly_the_permissions_that_support_needs(sam):
    support.join(sam)

    assert sam.get_all_permissions() == EXACTLY


@pytest.mark.django_db(transaction=True)
def test_the_migration_creates_it_before_any_permission_exists():
    call_command("migrate", "accounts", "0003", verbosity=0)
    assert not Group.objects.filter(name="support").exists()
    Permission.objects.all().delete()

    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)

    group = Group.objects.get(name="support")
    names = group.permissions.values_list("content_type__app_label", "codename")
    assert {".".join(name) for name in names} == EXACTLY
    codenames = list(Permission.objects.values_list("content_type", "codename"))
    assert len(codenames) == len(set(codenames))
