"""Django's database settings, derived from a database URL."""

from typing import Any
from urllib.parse import urlsplit

import environ

from config.setting_urls import is_cut_short

DatabaseSettings = dict[str, Any]

UNUSABLE = {"ENGINE": "django.db.backends.dummy", "NAME": ""}

# The time limits of PostgreSQL, in milliseconds. The query of a URL can change them.
LIMITS = {
    "statement_timeout": 15_000,
    "lock_timeout": 5_000,
    # A process that stops within a transaction keeps its locks for no longer.
    "idle_in_transaction_session_timeout": 30_000,
}
# An index of a large table takes as long as it takes. But all requests for a table wait
# behind a migration that waits for it.
MIGRATION_LIMITS = {
    "statement_timeout": 0,
    "lock_timeout": 5_000,
    "idle_in_transaction_session_timeout": 0,
}
# When libpq gives a peer up that went away without a word: the machine, or the network.
# The defaults of systems are 15 minutes and more.
DEAD_PEERS = {
    "tcp_user_timeout": 5_000,  # milliseconds until sent data must be acknowledged
    "keepalives_idle": 5,  # seconds without any data, then a probe
    "keepalives_interval": 2,  # seconds between probes
    "keepalives_count": 2,
}


def database_settings(url: str, *, pooled: bool) -> DatabaseSettings:
    """Return Django's settings for the database at `url`.

    `pooled` means that PostgreSQL is reached through a pooler in transaction mode. Then
    a session keeps no state: no prepared statements, no persistent connection.
    A URL that can't be parsed gives the dummy engine, and a check in `config.checks`
    stops the start with a message that names the setting.
    """
    try:
        # The parser would quote a URL without a scheme in a warning.
        if not urlsplit(url).scheme or is_cut_short(url):
            return dict(UNUSABLE)
        settings: DatabaseSettings = environ.Env.db_url_config(url)
        if settings.get("ENGINE") == "django.db.backends.postgresql":
            return settings | _postgresql(settings, pooled=pooled)
    except Exception:  # noqa: BLE001 - the parser raises many types, also KeyError
        return dict(UNUSABLE)
    if settings.get("ENGINE") == "django.db.backends.sqlite3":
        return settings | _sqlite(settings)
    return dict(UNUSABLE)


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
    given = dict(settings.get("OPTIONS", {}))
    limits = {name: int(given.pop(name, value)) for name, value in LIMITS.items()}
    return {
        "ENGINE": "config.postgresql",
        "OPTIONS": {
            "connect_timeout": 3,  # seconds
            "application_name": "ownlist",
            "server_side_binding": True,
            "prepare_threshold": None if pooled else 3,
            **DEAD_PEERS,
            **given,
        },
        # Set by `config.postgresql`: at the start of a connection, or behind a pooler,
        # which would refuse them there, in each transaction.
        "LIMITS": limits,
        "POOLED": pooled,
        "CONN_MAX_AGE": 0 if pooled else 600,  # seconds
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }


def replica_settings(url: str, *, pooled: bool) -> DatabaseSettings:
    """Return Django's settings for a replica at `url`, to which nothing is written."""
    return database_settings(url, pooled=pooled) | {"ONLY_READS": True}
