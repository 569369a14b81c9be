"""Cursors that tell PostgreSQL the user of each statement, for row-level security.

The user is set for one transaction at a time and never for a session: behind a pooler
in transaction mode, the next transaction of a session can be of any user. This costs no
round trip. In a transaction, the user is set together with its BEGIN. Outside one, the
user and the statement are sent in a pipeline, which PostgreSQL runs as one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, Self
from uuid import UUID

from psycopg import Connection, Cursor, OperationalError
from psycopg._preparing import Prepare
from psycopg.abc import PQGen
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus

from config.row_security import row_owner

SET_OWNER = "SELECT set_config('app.user_id', %s, true)"
BEGIN_AS_OWNER = "BEGIN; SET LOCAL app.user_id = '%s'"


class RowScope:
    """The user whose rows the current transaction of a connection shows."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.cursor = Cursor(connection)
        self._shown: UUID | None = None
        self._is_known = True

    @property
    def status(self) -> int:
        """The state of the transaction."""
        return self.connection.pgconn.transaction_status

    def enter(self, owner: UUID | None) -> None:
        """Make the transaction that is open, or about to begin, show these rows."""
        status = self.status
        if status == TransactionStatus.IDLE:
            if owner is not None:
                self._begin(owner)
        elif status != TransactionStatus.INTRANS:
            return  # after an error, only a rollback is possible
        elif owner != self._shown or not self._is_known:
            self.cursor.execute(SET_OWNER, parameters_of(owner), prepare=True)
        self._shown, self._is_known = owner, True

    def forget(self) -> None:
        """Set the user again before the next statement."""
        self._is_known = False

    def _begin(self, owner: UUID) -> None:
        """Begin the transaction, which psycopg would otherwise do.

        SET takes no snapshot, so the isolation level can still be chosen.
        """
        statement = BEGIN_AS_OWNER % owner.hex
        result = self.connection.pgconn.exec_(statement.encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise OperationalError(result.get_error_message())


class ScopedCursor(Cursor[Any]):
    """A cursor whose statements see the rows of `row_owner()`."""

    def __init__(self, scope: RowScope) -> None:
        super().__init__(scope.connection)
        self._scope = scope
        self._owner: UUID | None = None  # to be sent with the next statement

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        owner, scope = row_owner(), self._scope
        if not (self._conn.autocommit and scope.status == TransactionStatus.IDLE):
            scope.enter(owner)
            owner = None
        else:
            scope.forget()  # the statement may be a BEGIN
        self._owner = owner
        super().execute(query, params, **options)
        return self

    def executemany(
        self, query: Any, params_seq: Iterable[Any], **options: Any
    ) -> None:
        self._owner = None
        if self._conn.autocommit and self._scope.status == TransactionStatus.IDLE:
            # psycopg would put the statements into transactions of their own.
            with self._conn.transaction():
                self._scope.cursor.execute(SET_OWNER, parameters_of(row_owner()))
                super().executemany(query, params_seq, **options)
        else:
            self._scope.enter(row_owner())
            super().executemany(query, params_seq, **options)

    def copy(self, *args: object, **options: object) -> NoReturn:
        raise NotImplementedError("COPY would not name its user.")

    def stream(self, *args: object, **options: object) -> NoReturn:
        raise NotImplementedError("A streamed query would not name its user.")

    def _maybe_prepare_gen(
        self, pgq: Any, *, prepare: bool | None = None, binary: bool | None = None
    ) -> PQGen[None]:
        """Run the statement, together with its user if that is still to be sent.

        This extends a private method of psycopg. The public `Connection.pipeline`
        takes seven times as long, because it sends every part on its own.
        """
        if self._owner is None:
            yield from super()._maybe_prepare_gen(pgq, prepare=prepare, binary=binary)
            return
        setter, pgconn = self._scope.cursor, self._pgconn
        yield from setter._start_query(SET_OWNER)
        owner = setter._convert_query(SET_OWNER, parameters_of(self._owner))
        pgconn.enter_pipeline_mode()
        steps = [
            *_send_step(setter, owner, prepare=True),
            *_send_step(self, pgq, prepare=prepare, binary=binary),
        ]
        pgconn.pipeline_sync()
        yield from send(pgconn)
        answers = []
        for _ in steps:
            answers.append((yield from fetch_many(pgconn)))
        yield from fetch_many(pgconn)  # of the sync
        pgconn.exit_pipeline_mode()
        for step, results in zip(steps, answers, strict=True):
            if step is not None:
                self._conn._prepared.validate(*step, results)
        for results in answers:
            self._check_results(results)
        self._set_results(answers[-1])


def parameters_of(owner: UUID | None) -> list[str]:
    """Return the parameters of `SET_OWNER`. Only a UUID has a `hex`."""
    return [owner.hex if owner is not None else ""]


def _send_step(
    cursor: Cursor[Any], pgq: Any, *, prepare: bool | None, binary: bool | None = None
) -> Iterator[tuple[Any, Prepare, bytes] | None]:
    """Send a statement, after preparing it if psycopg would prepare it.

    Yields what to validate in its cache of prepared statements, for each result.
    """
    prepared = cursor._conn._prepared
    state, name = cursor._get_prepared(pgq, prepare)
    if state is Prepare.NO:
        cursor._execute_send(pgq, force_extended=True, binary=binary)
    else:
        if state is Prepare.SHOULD:
            cursor._send_prepare(name, pgq)
            yield None
        cursor._send_query_prepared(name, pgq, binary=binary)
    is_new = prepared.maybe_add_to_cache(pgq, state, name) is not None
    if is_new or state is Prepare.SHOULD:
        yield prepared.key(pgq), state, name
    else:
        yield None
