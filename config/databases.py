"""From a database address to Django's settings for it."""

from typing import Any

import environ


def database_settings(url: str, *, pooled: bool) -> dict[str, Any]:
    """Return Django's settings for the database at `url`.

    `pooled` says that a pooler in transaction mode stands before PostgreSQL, so
    nothing may be kept in a session: no prepared statements, no lasting connection.
    An address that can't be understood becomes the placeholder engine of
    `config.checks`, which stops the start with a message that names the setting.
    """
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception:  # noqa: BLE001 - the parser raises many kinds, also KeyError
        return {"ENGINE": "django.db.backends.dummy", "NAME": ""}
    if settings.get("ENGINE") == "django.db.backends.sqlite3":
        return settings | _sqlite(settings)
    if settings.get("ENGINE") == "django.db.backends.postgresql":
        return settings | _postgresql(settings, pooled=pooled)
    return {"ENGINE": "django.db.backends.dummy", "NAME": ""}


def _sqlite(settings: dict[str, Any]) -> dict[str, Any]:
    """Write-ahead log, and one writer that waits instead of failing."""
    return {
        "ENGINE": "config.sqlite",
        "OPTIONS": {
            **settings.get("OPTIONS", {}),
            # Taking the write lock at BEGIN is what makes waiting possible: a read
            # that later turns into a write can't wait, it fails at once.
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


def _postgresql(settings: dict[str, Any], *, pooled: bool) -> dict[str, Any]:
    """Lasting connections with prepared statements, and time limits on everything."""
    limits = "-c statement_timeout=15000 -c lock_timeout=5000"  # milliseconds
    options = {
        "connect_timeout": 3,  # seconds
        "application_name": "ownlist",
        "server_side_binding": True,
        "prepare_threshold": None if pooled else 3,
        **settings.get("OPTIONS", {}),
    }
    if not pooled:
        # A pooler refuses start-up options; set the limits on the role there.
        options.setdefault("options", limits)
    return {
        "ENGINE": "config.postgresql",
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pooled else 600,  # seconds
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
