"""Django's PostgreSQL backend with row-level security, and without two costs.

Measured with lists of 50 tasks: Django's timestamp loader, written in Python, takes
about a fifth of the time. A health check before each request takes about 40 % of the
processor time of a short one.
"""

import select
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.backends.postgresql import base, features
from django.db.backends.utils import debug_transaction
from psycopg import IsolationLevel
from psycopg.types.datetime import TimestamptzLoader

from config.postgresql.answers import ImpatientConnection
from config.postgresql.scoped_cursor import RowScope, ScopedCursor

# A connection that was checked this recently is assumed to be alive, unless something
# has arrived on it.
HEALTH_CHECK_INTERVAL = 5.0  # seconds
# PostgreSQL ends a statement after `statement_timeout`. If nothing comes for this much
# longer, it is frozen, or a proxy between keeps the connection open without it.
ANSWER_GRACE = 5.0  # seconds


class DatabaseFeatures(features.DatabaseFeatures):
    def allows_group_by_selected_pks_on_model(self, model: Any) -> bool:
        """Group rows with an owner by all columns.

        Their key in the database is `(owner_id, id)`, so `id` alone does not determine
        the others for PostgreSQL.
        """
        names = {field.attname for field in model._meta.concrete_fields}
        return "owner_id" not in names


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL that shows the rows of one user, see `config.row_security`.

    With psycopg's own timestamp loader, and rarer health checks.
    """

    features_class = DatabaseFeatures
    health_check_done: bool  # reset by Django for each request
    # How long to wait for an answer, if not a little longer than a statement may take.
    answer_seconds: float | None = None
    _alive_at = float("-inf")  # time.monotonic() of the last check
    _scope: RowScope
    _arrivals: select.poll

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, and load `timestamptz` in C if psycopg has its C extension.

        Connections use UTC (`USE_TZ`, no `TIME_ZONE` of their own), so the values are
        the same aware datetimes that Django's loader returns.
        """
        self.isolation_level = IsolationLevel.READ_COMMITTED  # which Django reads
        connection = ImpatientConnection.connect(**conn_params)
        connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        limits = self.settings_dict["LIMITS"]
        connection.answer_seconds = self.answer_seconds
        if limits["statement_timeout"] and self.answer_seconds is None:
            seconds = limits["statement_timeout"] / 1000
            connection.answer_seconds = seconds + ANSWER_GRACE
        is_pooled = self.settings_dict["POOLED"]
        in_transactions = limits if is_pooled else {}
        if self._only_reads:
            in_transactions = in_transactions | {"transaction_read_only": 1}
        self._scope = RowScope(connection, in_transactions, only_reads=self._only_reads)
        self._arrivals = select.poll()
        self._arrivals.register(connection.fileno(), select.POLLIN)
        self._alive_at = time.monotonic()
        return connection

    def get_connection_params(self) -> dict[str, Any]:
        """Add the time limits, unless there is a pooler, which would refuse them.

        What the URL has in `options` comes later, and so counts.
        """
        parameters: dict[str, Any] = super().get_connection_params()
        if not self.settings_dict["POOLED"]:
            limits = self.settings_dict["LIMITS"].items()
            options = [f"-c {name}={value}" for name, value in limits]
            given = parameters.get("options", "")
            parameters["options"] = " ".join([*options, given]).strip()
        return parameters

    def create_cursor(self, name: str | None = None) -> Any:
        """Open a cursor without Django's check of the timestamp loader.

        Named (server-side) cursors are disabled, because they fail behind a pooler.
        """
        if name:
            raise NotImplementedError("Server-side cursors are disabled.")
        return ScopedCursor(self._scope)

    def fetch(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """Run a statement that reads, and return all its rows.

        Opening a cursor for each takes longer than a short statement does.
        """
        if self._is_watched:
            with self.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall())
        self._get_ready()
        with self.wrap_database_errors:
            return self._scope.reader.execute(statement, parameters).fetchall()

    def fetch_later(
        self, statement: str, parameters: Sequence[Any]
    ) -> Callable[[], list[Any]]:
        """Run a statement as `run_later` does; return a function that returns rows."""
        if self._is_watched:
            cursor = self.cursor()
            cursor.cursor.postpones = True
            cursor.execute(statement, parameters)
            fetchall: Callable[[], list[Any]] = cursor.fetchall
            return fetchall
        self._get_ready()
        postponed = ScopedCursor(self._scope)
        postponed.postpones = True
        with self.wrap_database_errors:
            postponed.execute(statement, parameters)
        return partial(self._rows_of, postponed)

    def _rows_of(self, postponed: ScopedCursor) -> list[Any]:
        with self.wrap_database_errors:
            return postponed.fetchall()

    def run_later(self, statement: str, parameters: Sequence[Any]) -> None:
        """Run a statement in its order, but send it together with the next one.

        In a transaction this saves a round trip; the next statement, or the commit,
        raises its errors.
        """
        if self._is_watched:
            self.fetch_later(statement, parameters)
            return
        self._get_ready()
        with self.wrap_database_errors:
            self._scope.writer.execute(statement, parameters)

    @property
    def _only_reads(self) -> bool:
        """Whether this is a replica."""
        return bool(self.settings_dict.get("ONLY_READS"))

    @property
    def _is_watched(self) -> bool:
        """Whether the statements are logged or wrapped, as only Django's cursors do."""
        return bool(self.queries_logged or self.execute_wrappers)

    def _get_ready(self) -> None:
        """Do what Django does before each statement."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()

    def _set_autocommit(self, autocommit: bool) -> None:
        """Begin or end a transaction, for which nothing is sent yet.

        psycopg would check under its lock that none is open, which Django knows.
        """
        with self.wrap_database_errors:
            self._scope.set_autocommit(autocommit)

    def _commit(self) -> None:
        """Commit together with what is postponed."""
        if self.connection is not None:
            with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
                self._scope.commit()

    def _rollback(self) -> None:
        """Roll back, without sending what is postponed."""
        if self.connection is not None:
            with debug_transaction(self, "ROLLBACK"), self.wrap_database_errors:
                self._scope.rollback()

    def savepoint_rollback(self, sid: str) -> None:
        """Roll back, which also restores an earlier user of the transaction."""
        self._scope.forget()  # also what was postponed since the savepoint
        super().savepoint_rollback(sid)
        self._scope.forget()

    def close_if_health_check_failed(self) -> None:
        """Check a connection that was idle, once for each request.

        A check after the COMMIT of a transaction would open the next one, and could
        fail a request whose work is already stored.
        """
        if self.health_check_done:
            return
        now = time.monotonic()
        was_checked = now - self._alive_at < HEALTH_CHECK_INTERVAL
        # PostgreSQL alone sends only the end of a session, or a changed setting.
        if was_checked and not self._arrivals.poll(0):
            self.health_check_done = True
            return
        super().close_if_health_check_failed()
        self._alive_at = now
