"""The minimal server: the least work that could answer the same requests.

It uses the same server and driver, but only checks signature, issuer, audience and time
of the token with PyJWT, runs one prepared statement, and writes JSON with orjson. It
reads no user, validates no body and keeps no ledger.
"""

import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import orjson
from uuid_utils.compat import uuid7

from config.front import Front

KEY = os.environ["JWT_SIGNING_KEY"]
ISSUER = os.environ["BASE_URL"]
AUDIENCE = f"{ISSUER}/api"
DATABASE_URL = os.environ["DATABASE_URL"]
IS_SQLITE = DATABASE_URL.startswith("sqlite")

COLUMNS = """
    id, list_id, parent_id, title, notes, priority, due_date, due_time, due_tz,
    start_date, rrule, rrule_anchor, position, series, completed_at, trashed_at,
    created_at, updated_at, version
"""
LABELS = (
    "(SELECT JSON_GROUP_ARRAY(name) FROM (SELECT l.name FROM todos_tasklabel tl"
    " JOIN todos_label l ON l.id = tl.label_id"
    " WHERE tl.task_id = todos_task.id ORDER BY l.key))"
    if IS_SQLITE
    else "COALESCE((SELECT JSONB_AGG(l.name ORDER BY l.key) FROM todos_tasklabel tl"
    " JOIN todos_label l ON l.id = tl.label_id"
    " WHERE tl.task_id = todos_task.id), '[]'::jsonb)"
)
OPEN = """
    FROM todos_task
    WHERE owner_id = %s AND completed_at IS NULL AND trashed_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM todos_tasklist l
        WHERE l.owner_id = todos_task.owner_id AND l.id = list_id
          AND l.archived_at IS NOT NULL
      )
    ORDER BY position, id LIMIT 50
"""
# On PostgreSQL, the subquery for the labels of each task would take longer than all of
# this.
LIST = (
    f"SELECT {COLUMNS}, {LABELS} AS labels {OPEN}"  # noqa: S608 - no value is put in
    if IS_SQLITE
    else f"""
    WITH page AS MATERIALIZED (SELECT {COLUMNS} {OPEN}),
    names AS (
        SELECT tl.task_id, ARRAY_AGG(l.name ORDER BY l.key) AS labels
        FROM todos_tasklabel tl JOIN todos_label l ON l.id = tl.label_id
        WHERE tl.task_id = ANY(ARRAY(SELECT id FROM page))
        GROUP BY tl.task_id
    )
    SELECT page.*, COALESCE(labels, '{{}}') AS labels
    FROM page LEFT JOIN names ON task_id = id ORDER BY position, id
    """  # noqa: S608
)
GET = f"""
    SELECT {COLUMNS}, {LABELS} AS labels FROM todos_task
    WHERE owner_id = %s AND id = %s
"""  # noqa: S608
CREATE = f"""
    INSERT INTO todos_task (
        owner_id, id, title, priority, due_date, position, created_at, updated_at,
        list_id, notes, due_tz, rrule, rrule_anchor, version
    )
    VALUES (
        %s, %s, %s, %s, %s, %s, %s, %s,
        (SELECT id FROM todos_tasklist WHERE owner_id = %s AND is_inbox),
        '', '', '', '', 1
    )
    RETURNING {COLUMNS}
"""  # noqa: S608
COMPLETE = f"""
    UPDATE todos_task SET completed_at = %s, updated_at = %s, version = version + 1
    WHERE owner_id = %s AND id = %s
    RETURNING {COLUMNS}
"""  # noqa: S608

Row = dict[str, Any]
_of_thread = threading.local()


def _connect_sqlite() -> Callable[..., list[Row]]:
    import sqlite3

    connection = sqlite3.connect(
        DATABASE_URL.removeprefix("sqlite:///"), timeout=5, isolation_level=None
    )
    connection.execute("PRAGMA synchronous=NORMAL")

    def run(sql: str, *values: Any) -> list[Row]:
        cursor = connection.execute(
            sql.replace("%s", "?"),
            [value.hex if isinstance(value, UUID) else value for value in values],
        )
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for row in rows:
            if "labels" in row:
                row["labels"] = orjson.Fragment(row["labels"])  # is JSON already
        return rows

    return run


def _connect_postgresql() -> Callable[..., list[Row]]:
    import psycopg
    from psycopg.rows import dict_row
    from psycopg.types.json import set_json_loads

    set_json_loads(orjson.loads)
    connection = psycopg.connect(DATABASE_URL, autocommit=True, row_factory=dict_row)

    def run(sql: str, *values: Any) -> list[Row]:
        return connection.execute(sql, values, prepare=True).fetchall()

    return run


def _run(sql: str, *values: Any) -> list[Row]:
    """Run one statement on the thread's own connection."""
    if not hasattr(_of_thread, "run"):
        _of_thread.run = _connect_sqlite() if IS_SQLITE else _connect_postgresql()
    rows: list[Row] = _of_thread.run(sql, *values)
    return rows


def respond(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Respond to the four requests of the benchmark, and to `/healthz`."""
    path = environ["PATH_INFO"]
    if path == "/healthz":
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]
    scheme, _, token = environ["HTTP_AUTHORIZATION"].partition(" ")
    claims = jwt.decode(
        token, KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER
    )
    owner = UUID(claims["sub"])
    status, answer = "200 OK", _answer(environ, path, owner)
    if path == "/api/v1/tasks" and environ["REQUEST_METHOD"] == "POST":
        status = "201 Created"
    body = orjson.dumps(answer, option=orjson.OPT_UTC_Z)
    start_response(
        status,
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    return [body]


def _answer(environ: dict[str, Any], path: str, owner: UUID) -> Any:
    parts = path.split("/")  # "", "api", "v1", "tasks", id, "complete"
    if len(parts) == 6:
        now = datetime.now(UTC)
        return _run(COMPLETE, _moment(now), _moment(now), owner, UUID(parts[4]))[0]
    if len(parts) == 5:
        return _run(GET, owner, UUID(parts[4]))[0]
    if environ["REQUEST_METHOD"] == "GET":
        return {"next": None, "previous": None, "results": _run(LIST, owner)}
    body = orjson.loads(environ["wsgi.input"].read())
    now = datetime.now(UTC)
    return _run(
        CREATE,
        owner,
        uuid7(),
        body["title"],
        body["priority"],
        body["due_date"],
        int(now.timestamp() * 1_000_000),
        _moment(now),
        _moment(now),
        owner,
    )[0]


def _moment(now: datetime) -> datetime | str:
    # The format that Django stores in SQLite, which has no such type.
    return f"{now:%Y-%m-%d %H:%M:%S.%f}" if IS_SQLITE else now


# Both use the same server and the same `config.front`.
application = Front(respond)
