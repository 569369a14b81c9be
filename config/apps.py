"""The Django app of this package, which registers its system checks."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from config import checks, drafts  # noqa: F401 - importing registers them

        user_logged_in.connect(drafts.claim)
