"""The verifier of security events in the docs, as its readers run it."""

import importlib.util
from pathlib import Path

from django.conf import settings

SCRIPT = Path(settings.BASE_DIR, "docs/examples/verify_events.py")


def _loaded():
    spec = importlib.util.spec_from_file_location("verify_events", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verify = _loaded().verify
