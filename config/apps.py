"""The Django app of this package, which registers its system checks."""

from contextlib import suppress

from django import db
from django.apps import AppConfig
from django.conf import settings


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from config import checks, drafts  # noqa: F401 - importing registers them

        user_logged_in.connect(drafts.claim)
        _skip_idle_work()
        _start_error_reports()


def _skip_idle_work() -> None:
    """Disconnect what Django does around each request, if it has nothing to do here."""
    from django.core import cache, signals

    if not settings.DEBUG:  # only then queries are kept
        signals.request_started.disconnect(db.reset_queries)
    if settings.IS_CACHE_A_TABLE:  # which has no connection of its own
        signals.request_finished.disconnect(cache.close_caches)


def _start_error_reports() -> None:
    """Report errors, if SENTRY_DSN says where. A system check refuses a wrong one."""
    if settings.SENTRY_DSN:
        from config.telemetry import errors

        with suppress(ValueError):
            errors.start(settings.SENTRY_DSN)
