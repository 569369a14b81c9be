"""Django as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Import all views now: a broken one must prevent the start, and the first request must
# not wait for the imports.
get_resolver().url_patterns  # noqa: B018 - the property imports the views
