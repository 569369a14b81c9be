from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_cache_table")]

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
                ]
            },
        ),
    ]
