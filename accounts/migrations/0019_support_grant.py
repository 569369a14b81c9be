"""Views of their tasks that users allow to support staff.

The group of support staff gets the permission to use them.
"""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def let_support_look(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add the permission, which Django would create after all migrations."""
    database = schema_editor.connection.alias
    content_type = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(database)
        .get(app_label="accounts", model="user")
    )
    permission, _ = (
        apps.get_model("auth", "Permission")
        .objects.using(database)
        .get_or_create(
            content_type=content_type,
            codename="look_at_tasks",
            defaults={"name": "Can look at tasks while their user allows it"},
        )
    )
    for group in (
        apps.get_model("auth", "Group").objects.using(database).filter(name="support")
    ):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_personal_access_token"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [
                    ("deactivate_user", "Can deactivate and reactivate a user"),
                    (
                        "send_password_reset",
                        "Can send a user the mail to reset the password",
                    ),
                    ("sign_out_user", "Can sign a user out everywhere"),
                    ("look_at_tasks", "Can look at tasks while their user allows it"),
                ]
            },
        ),
        migrations.CreateModel(
            name="SupportGrant",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("epoch", models.PositiveIntegerField()),
                ("granted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("wrong_codes", models.PositiveSmallIntegerField(default=0)),
                (
                    "opened_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The member of staff who entered the code first, and no other.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="support_grants",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SupportLook",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "page",
                    models.CharField(
                        choices=[
                            ("lists", "Your lists"),
                            ("list", "A list"),
                            ("task", "A task"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "object_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The list or the task that was shown.",
                        null=True,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="looks",
                        to="accounts.supportgrant",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="supportgrant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("user",),
                name="accounts_one_support_grant",
            ),
        ),
        migrations.RunPython(let_support_look, migrations.RunPython.noop),
    ]
