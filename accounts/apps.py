"""Who someone is."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import checks, events  # noqa: F401 - checks register themselves
        from accounts.api import schema  # noqa: F401 - registers itself

        events.connect()


class SupportConfig(AdminConfig):
    """Django's admin, with our site in place of its own."""

    default_site = "accounts.support.SupportSite"
