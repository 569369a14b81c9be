"""The assembly as a Django app, for its system checks."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from config import checks, drafts  # noqa: F401 - the checks register themselves

        user_logged_in.connect(drafts.claim)
