"""Who someone is."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import checks, events  # noqa: F401 - checks register themselves
        from accounts.api import schema  # noqa: F401 - registers itself

        events.connect()
