"""The settings of a server that tests start: those of a deployment, started quickly."""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The tests of one server ask it more than any caller would.
RATE_LIMITS = {scope: (10_000, span) for scope, (_, span) in RATE_LIMITS.items()}  # noqa: F405

# Static files are served from where they are written, not collected first.
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

# Short, so that a test can wait for it; each MiB of an upload is one second more.
BODY_SECONDS = 3
BODY_BYTES_PER_SECOND = 1024 * 1024

# The smallest file that a form may have goes to disk, where the tests look.
FILE_UPLOAD_MAX_MEMORY_SIZE = 0
FILE_UPLOAD_TEMP_DIR = f"{VAR_DIR}/uploads"  # noqa: F405
