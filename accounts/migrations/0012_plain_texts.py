"""Reword help texts, choices and an error message. The database stays as it is."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.addresses


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_one_spelling_of_an_address"),
    ]

    operations = [
        migrations.AlterField(
            model_name="endedsession",
            name="until",
            field=models.DateTimeField(
                help_text="After this time it has ended there as well."
            ),
        ),
        migrations.AlterField(
            model_name="linkedidentity",
            name="known_as",
            field=models.CharField(
                blank=True,
                help_text="The address that the issuer gave first; it is not verified.",
                max_length=254,
            ),
        ),
        migrations.AlterField(
            model_name="linkedidentity",
            name="suspended_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Set when the password is reset by mail, until the user keeps the identity.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="refreshfamily",
            name="authenticated_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the user last proved who they are; empty if unknown.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="refreshfamily",
            name="generation",
            field=models.PositiveIntegerField(
                default=0,
                help_text="The number of rotations; earlier tokens are used up.",
            ),
        ),
        migrations.AlterField(
            model_name="refreshfamily",
            name="identity",
            field=models.ForeignKey(
                blank=True,
                help_text="The linked identity whose token was exchanged; it ends with that.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.linkedidentity",
            ),
        ),
        migrations.AlterField(
            model_name="refreshfamily",
            name="kept_pair",
            field=models.UUIDField(
                blank=True,
                help_text="The pair that last changed the password: valid in the new epoch.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="securityevent",
            name="by",
            field=models.ForeignKey(
                blank=True,
                help_text="The member of staff who did it, if it was not the user.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed_up", "Signed up"),
                    ("signed_in", "Signed in"),
                    ("sign_in_failed", "Sign-in failed"),
                    ("signed_out", "Signed out"),
                    ("password_changed", "Password changed"),
                    ("reset_requested", "Password reset requested"),
                    ("email_changed", "E-mail changed"),
                    ("token_reused", "Refresh token used again"),
                    ("identity_linked", "Sign-in connected"),
                    ("identity_unlinked", "Sign-in disconnected"),
                    ("identity_kept", "Sign-in kept after a reset"),
                    ("signed_out_everywhere", "Signed out everywhere"),
                    ("deactivated", "Deactivated"),
                    ("deletion_requested", "Deletion requested"),
                    ("reactivated", "Reactivated"),
                ],
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="credential_epoch",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="Every credential carries it; raising it ends all of them.",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="credentials_ended_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the epoch was last raised: ends older external tokens.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="delete_after",
            field=models.DateTimeField(
                blank=True,
                help_text="Set when the user requests deletion: the account is deleted then.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(
                blank=True,
                error_messages={
                    "unique": "An account with this address already exists."
                },
                max_length=254,
                null=True,
                unique=True,
                validators=[accounts.addresses.validate_new_address],
                verbose_name="e-mail",
            ),
        ),
    ]
