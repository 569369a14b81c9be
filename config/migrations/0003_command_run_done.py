from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("config", "0002_command_run")]

    operations = [
        migrations.AddField(
            model_name="commandrun",
            name="done",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="How many things all runs did."
            ),
        ),
    ]
