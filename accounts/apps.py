"""Who someone is."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import events
        from accounts.api import schema  # noqa: F401 - registers itself

        events.connect()
