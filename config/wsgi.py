"""Django as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Load every page and endpoint now: a broken one must stop the start, and the first
# request must not wait for all of them.
get_resolver().url_patterns  # noqa: B018 - a property that does the work
