"""Keep a list of the browsers that skip the second step."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0023_token_use_and_staff_rights"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrustedBrowser",
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
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of the secret in its cookie.",
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="Of the factors and the credential epoch of the user at that time.",
                        max_length=64,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "last_used_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When it last skipped the second step.",
                        null=True,
                    ),
                ),
                ("device", models.CharField(blank=True, max_length=64)),
                ("network", models.CharField(blank=True, max_length=43)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trusted_browsers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
