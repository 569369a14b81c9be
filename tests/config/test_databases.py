"""Database settings from a URL."""

from urllib.parse import quote

import pytest
from django.db import connection

from config.databases import database_settings

PASSWORD = "p@ss"
POSTGRESQL = (
    f"postgres://ownlist:{quote(PASSWORD)}@db.example:6432/lists?sslmode=verify-full"
)


def test_sqlite_writers_wait_and_readers_do_not():
    found = database_settings("sqlite:////var/lib/ownlist.sqlite3", pooled=False)

    assert found["NAME"] == "/var/lib/ownlist.sqlite3"
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["OPTIONS"]["timeout"] == 5
    assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_has_time_limits_on_everything(scheme):
    found = database_settings(POSTGRESQL.replace("postgres", scheme), pooled=False)

    assert (found["HOST"], found["PORT"], found["NAME"]) == (
        "db.example",
        6432,
        "lists",
    )
    assert found["PASSWORD"] == PASSWORD
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["connect_timeout"] == 3
    assert found["LIMITS"] == {
        "statement_timeout": 15_000,
        "lock_timeout": 5_000,
        "idle_in_transaction_session_timeout": 30_000,
    }
    assert found["OPTIONS"]["tcp_user_timeout"] == 5_000
    assert found["CONN_HEALTH_CHECKS"] is True
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_a_pooled_connection_keeps_no_session_state():
    found = database_settings(POSTGRESQL, pooled=True)

    assert found["CONN_MAX_AGE"] == 0
    assert found["OPTIONS"]["prepare_threshold"] is None
    assert "options" not in found["OPTIONS"]


@pytest.mark.parametrize("pooled", [True, False])
def test_a_url_overrides_the_limits(pooled):
    url = f"{POSTGRESQL}&statement_timeout=60000&tcp_user_timeout=9000&keepalives=0"
    found = database_settings(url, pooled=pooled)

    assert found["LIMITS"]["statement_timeout"] == 60_000
    assert found["LIMITS"]["lock_timeout"] == 5_000
    assert found["OPTIONS"]["tcp_user_timeout"] == 9_000
    assert found["OPTIONS"]["keepalives"] == 0
    assert "statement_timeout" not in found["OPTIONS"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "mysql://a/b",
        "postgres://[::1",
        "oracle://x",
        "sqlite",
        None,
        "postgres://a@b/c?lock_timeout=5s",
    ],
)
def test_an_invalid_url_gives_the_dummy_engine(url):
    found = database_settings(url, pooled=False)

    assert found["ENGINE"] == "django.db.backends.dummy"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_the_settings_apply_to_the_open_connection():
    connection.close()
    with connection.cursor() as cursor:
        answers = []
        for pragma in ("journal_mode", "foreign_keys", "busy_timeout"):
            cursor.execute(f"PRAGMA {pragma}")
            answers.append(cursor.fetchone()[0])

    assert answers == ["wal", 1, 5000]
