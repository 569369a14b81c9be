from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("config", "0001_rate_counts")]

    operations = [
        migrations.CreateModel(
            name="CommandRun",
            fields=[
                (
                    "name",
                    models.CharField(max_length=100, primary_key=True, serialize=False),
                ),
                ("succeeded_at", models.DateTimeField()),
            ],
        ),
    ]
