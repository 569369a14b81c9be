"""Django's database settings, derived from a database URL."""

from typing import Any

import environ

DatabaseSettings = dict[str, Any]


def database_settings(url: str, *, pooled: bool) -> DatabaseSettings:
    """Return Django's settings for the database at `url`.

    `pooled` means that PostgreSQL is reached through a pooler in transaction mode. Then
    a session keeps no state: no prepared statements, no persistent connection.
    A URL that can't be parsed gives the dummy engine, and a check in `config.checks`
    stops the start with a message that names the setting.
    """
    try:
        settings: DatabaseSettings = environ.Env.db_url_config(url)
    except Exception:  # noqa: BLE001 - the parser raises many types, also KeyError
        return {"ENGINE": "django.db.backends.dummy", "NAME": ""}
    if settings.get("ENGINE") == "django.db.backends.sqlite3":
        return settings | _sqlite(settings)
    if settings.get("ENGINE") == "django.db.backends.postgresql":
        return settings | _postgresql(settings, pooled=pooled)
    return {"ENGINE": "django.db.backends.dummy", "NAME": ""}


def _sqlite(settings: DatabaseSettings) -> DatabaseSettings:
    """Use the write-ahead log, and let writers wait for each other."""
    return {
        "ENGINE": "config.sqlite",
        "OPTIONS": {
            **settings.get("OPTIONS", {}),
            # With the write lock taken at BEGIN, a transaction waits for it. One that
            # starts with a read and writes later can't wait: it fails at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,  # seconds
            "init_command": (
                "PRAGMA journal_mode=WAL;"
                "PRAGMA synchronous=NORMAL;"
                "PRAGMA cache_size=-20000;"
            ),
        },
        "CONN_MAX_AGE": None,
    }


def _postgresql(settings: DatabaseSettings, *, pooled: bool) -> DatabaseSettings:
    """Use persistent connections, prepared statements and time limits."""
    limits = "-c statement_timeout=15000 -c lock_timeout=5000"  # milliseconds
    options = {
        "connect_timeout": 3,  # seconds
        "application_name": "ownlist",
        "server_side_binding": True,
        "prepare_threshold": None if pooled else 3,
        **settings.get("OPTIONS", {}),
    }
    if not pooled:
        # A pooler refuses start-up options. There, set the limits on the role.
        options.setdefault("options", limits)
    return {
        "ENGINE": "config.postgresql",
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pooled else 600,  # seconds
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
