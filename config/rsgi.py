"""The RSGI application that the server loads: Django behind `config.front`."""

from django.conf import settings

from config.front import Front
from config.postgresql.pooling import refuse_unknown_pooler
from config.postgresql.roles import warn_of_unlimited_role
from config.wsgi import application as django_application

refuse_unknown_pooler()
warn_of_unlimited_role()


def _send_telemetry() -> None:
    """Send what waits for its receivers, before this process ends."""
    if settings.SENTRY_DSN or settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from config.telemetry import sender

        sender.stop()


application = Front(django_application, at_end=_send_telemetry)
