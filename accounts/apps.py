"""The configuration of the app, and of the admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        # Checks register themselves.
        from accounts import checks, events, factors, session_binding  # noqa: F401
        from accounts.api import schema  # noqa: F401 - registers itself

        events.connect()
        factors.connect()
        user_logged_in.connect(session_binding.bind_at_sign_in)


class SupportConfig(AdminConfig):
    """Django's admin, with our own site class."""

    default_site = "accounts.admin_site.SupportSite"
