"""The settings of the tests: a clean environment, and a fast password hasher.

Nothing on the developer's machine is used: no `.env`, no database, no key. Every
process generates new keys and writes its files to a directory of its own.
"""

import atexit
import os
import secrets
import shutil
import tempfile

from tests.postgres import refuse_other_machines

# Created with the first file, because the type checker only reads these settings.
_directory = f"{tempfile.gettempdir()}/ownlist-test-{secrets.token_hex(8)}"
atexit.register(shutil.rmtree, _directory, ignore_errors=True)

# A file, because a live server that is set up with a database in memory shares its
# connection with the tests and closes it.
_database_url = (
    os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{_directory}/tests.sqlite3"
)
refuse_other_machines(_database_url)

# Variables that config.settings reads and that the shell may have set.
for _name in list(os.environ):
    if _name.startswith("BETTER_AUTH") or _name in {
        "ACCOUNT_ROWS_MAX",
        "ALLOWED_HOSTS",
        "BACKUPS_ELSEWHERE",
        "CACHE_URL",
        "CORS_ALLOWED_ORIGINS",
        "DATABASE_POOLED",
        "DATABASE_REPLICA_URL",
        "DEFAULT_FROM_EMAIL",
        "EMAIL_URL",
        "FACTOR_ENCRYPTION_KEY_FALLBACKS",
        "JWT_PRIVATE_KEY",
        "LOG_LEVEL",
        "METRICS_ADDRESS",
        "MIGRATION_DATABASE_URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_TRACES_SAMPLER_ARG",
        "PROXY_COUNT",
        "SECRET_KEY_FALLBACKS",
        "SECURITY_CONTACT",
        "SENTRY_DSN",
        "SLOW_QUERY_MS",
        "SLOW_REQUEST_MS",
        "USER_RATE_LIMIT",
    }:
        del os.environ[_name]

# Servers on this machine are not behind a proxy that the shell may name.
_without_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
for _name in ("no_proxy", "NO_PROXY"):
    os.environ[_name] = ",".join(filter(None, [_without_proxy, "127.0.0.1,localhost"]))

os.environ |= {
    "OWNLIST_ENV_FILE": "",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
    "FACTOR_ENCRYPTION_KEY": secrets.token_urlsafe(48),
    "DEBUG": "false",
    "BASE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "DATABASE_URL": _database_url,
    "VAR_DIR": _directory,
    "SECURITY_CONTACT": "mailto:security@ownlist.example",
}

from config.settings import *  # noqa: E402, F403 - the environment comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Static files are found on request. Listing them all, as the product does at its start,
# took half of the time of the suite, because each test client did it.
WHITENOISE_AUTOREFRESH = True
