"""Create the table of Django's database cache, so that no other command is needed."""

from django.conf import settings
from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def create_table(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        call_command(
            "createcachetable", database=schema_editor.connection.alias, verbosity=0
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(create_table, migrations.RunPython.noop)]
