"""Create the group of support staff, who may view accounts and act on them.

Django creates content types and permissions only after all migrations, so on a new
database they are created here; Django finds them later.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME = "support"
PERMISSIONS = {
    "view_user": "Can view user",
    "deactivate_user": "Can deactivate and reactivate a user",
    "send_password_reset": "Can send a user the mail to reset the password",
    "sign_out_user": "Can sign a user out everywhere",
}


def make_group(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    groups = apps.get_model("auth", "Group").objects

    content_type, _ = content_types.using(database).get_or_create(
        app_label="accounts", model="user"
    )
    group, _ = groups.using(database).get_or_create(name=NAME)
    for codename, name in PERMISSIONS.items():
        permission, _ = permissions.using(database).get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        group.permissions.add(permission)


def remove_group(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    groups = apps.get_model("auth", "Group").objects
    groups.using(schema_editor.connection.alias).filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_user_support_permissions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_group, remove_group)]
