"""The settings of servers that tests start: like a deployment, with a fast start."""

import os
from datetime import timedelta

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The tests of one server send more requests than any caller would.
RATE_LIMITS = {scope: (10_000, span) for scope, (_, span) in RATE_LIMITS.items()}  # noqa: F405

# A drill that takes half a minute may take more than five on a busy machine.
SIMPLE_JWT = {**SIMPLE_JWT, "ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}  # noqa: F405

# Serve static files from their sources, without collecting them.
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# Short, so that a test can wait for it. Each MiB of an upload adds one second. A test
# of what happens before its end gives a longer time to a server of its own.
BODY_SECONDS = int(os.environ.get("BODY_SECONDS", "3"))
BODY_BYTES_PER_SECOND = 1024 * 1024
UNREAD_SECONDS = int(os.environ.get("UNREAD_SECONDS", UNREAD_SECONDS))  # noqa: F405

# Even the smallest file of a form is written to disk, where the tests see it.
FILE_UPLOAD_MAX_MEMORY_SIZE = 0
FILE_UPLOAD_TEMP_DIR = f"{VAR_DIR}/uploads"  # noqa: F405
