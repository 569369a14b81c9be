"""Note where access tokens are used, and name two more security events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_event_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="personalaccesstoken",
            name="device",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of the last use that was noted, like the network.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="personalaccesstoken",
            name="network",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=43
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
                    ("identity_trusted", "Sign-in let in without a code"),
                    ("identity_distrusted", "Sign-in asked for a code again"),
                    ("signed_out_everywhere", "Signed out everywhere"),
                    ("deactivated", "Deactivated"),
                    ("deletion_requested", "Deletion requested"),
                    ("reactivated", "Reactivated"),
                    ("deletion_cancelled", "Deletion cancelled"),
                    ("factor_added", "Second step added"),
                    ("factor_removed", "Second step removed"),
                    ("factor_failed", "Wrong code or passkey"),
                    ("codes_created", "Recovery codes created"),
                    ("code_used", "Recovery code used"),
                    ("browser_trusted", "Browser trusted"),
                    ("token_created", "Access token created"),
                    ("token_narrowed", "Rights taken from an access token"),
                    ("credential_ended", "Access ended"),
                    ("exported", "Data exported"),
                    ("staff_changed", "Rights as staff changed"),
                    ("support_granted", "Support may look"),
                    ("support_looked", "Support has looked"),
                    ("support_ended", "Support may not look any more"),
                ],
                max_length=32,
            ),
        ),
    ]
