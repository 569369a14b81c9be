"""Drop simplejwt's tables: the generation of a refresh token shows whether it was used.

Earlier tokens have no generation, so their sign-ins end.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Now

TABLES = ("token_blacklist_blacklistedtoken", "token_blacklist_outstandingtoken")


def end_families(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    families = apps.get_model("accounts", "RefreshFamily").objects
    families.filter(revoked_at=None).update(revoked_at=Now())


def drop_tables(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")
    apps.get_model("contenttypes", "ContentType").objects.filter(
        app_label="token_blacklist"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_refresh_family_generation"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(end_families, migrations.RunPython.noop),
        migrations.RunPython(drop_tables, migrations.RunPython.noop),
    ]
