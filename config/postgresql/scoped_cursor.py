"""Cursors that tell PostgreSQL the user of each statement, for row-level security.

The user is set for one transaction at a time and never for a session: behind a pooler
in transaction mode, the next transaction of a session can be of any user. This costs no
round trip: what sets the user, and BEGIN, are sent in a pipeline together with the
first statement. Outside a transaction, PostgreSQL runs such a pipeline as one.

A cursor can also postpone its statement until the next one, or COMMIT, is sent. The
statements still run in their order, so later ones see what it did. Only its errors are
raised later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any, NoReturn, Self
from uuid import UUID

from psycopg import Connection, Cursor, errors
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery, _query2pg_nocache
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, TransactionStatus

from config.row_security import row_owner
from config.slowness import note_statement

SET_OWNER = "SELECT set_config('app.user_id', %s, true)"
STATEMENTS_CACHED = 200  # per process
# SET takes no snapshot, so the isolation level can still be chosen after it.
SET_FIRST_OWNER = "SET LOCAL app.user_id = '%s'"
# At a replica, all statements of a transaction see the same state.
BEGIN_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class RowScope:
    """The user whose rows the current transaction of a connection shows.

    It also holds the statements that wait to be sent together with the next one.
    """

    def __init__(
        self,
        connection: Connection[Any],
        limits: Mapping[str, int] | None = None,
        *,
        only_reads: bool = False,
    ) -> None:
        """Set `limits`, settings of PostgreSQL by name, in each transaction."""
        self.connection = connection
        self._begin = [BEGIN_READING if only_reads else b"BEGIN"]
        self._set_owner_text = SET_OWNER
        for name, value in (limits or {}).items():
            self._begin.append(f"SET LOCAL {name} = {value:d}".encode())
            self._set_owner_text += f", set_config('{name}', '{value:d}', true)"
        self.converter = Transformer(connection)
        # Cursors for statements whose rows are read at once, or that return none.
        self.reader, self.writer = ScopedCursor(self), ScopedCursor(self)
        self.writer.postpones = True
        self._cursor = ScopedCursor(self)  # of statements that set the user
        self._set_owner: PostgresQuery | None = None
        self._shown: UUID | None = None
        self._is_known = True
        self._waiting: list[_Step] = []

    @property
    def is_outside(self) -> bool:
        """Whether the next statement is a transaction of its own."""
        status = self.connection.pgconn.transaction_status
        return self.connection.autocommit and status == TransactionStatus.IDLE

    @property
    def _has_limits(self) -> bool:
        return len(self._begin) > 1

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def enter(self, owner: UUID | None) -> None:
        """Make the transaction that is open, or about to begin, show these rows."""
        status = self.connection.pgconn.transaction_status
        if status == TransactionStatus.IDLE and not self._waiting:
            self._waiting += [_Command(text, self) for text in self._begin]
            if owner is not None:
                command = SET_FIRST_OWNER % owner.hex
                self._waiting.append(_Command(command.encode(), self))
        elif status not in {TransactionStatus.IDLE, TransactionStatus.INTRANS}:
            return  # after an error, only a rollback is possible
        elif owner != self._shown or not self._is_known:
            self.set_owner(owner)
        self._shown, self._is_known = owner, True

    def enter_alone(self, owner: UUID | None) -> None:
        """Make a statement outside a transaction show these rows."""
        # The statement may be a BEGIN. And after one that could not be converted, its
        # user still waits.
        self.forget()
        if owner is not None or self._has_limits:
            self.set_owner(owner)

    def set_owner(self, owner: UUID | None) -> None:
        """Show these rows from the next statement on, to the end of its transaction."""
        value = owner.hex if owner else ""
        if self._set_owner is None:
            self._set_owner = self.query(self._set_owner_text, [value])
        query = _with_parameter(self._set_owner, value)
        self._waiting.append(_Statement(self._cursor, query, prepare=True))

    def query(self, query: Any, params: Any) -> PostgresQuery:
        """Convert the parameters of a statement that waits.

        The converter is kept: psycopg would look up the conversions again each time.
        """
        converted = PostgresQuery(self.converter)
        if not isinstance(query, str) or params is None:
            converted.convert(query, params)
            return converted
        (
            converted.query,
            converted._want_formats,
            converted._order,
            converted._parts,
        ) = _parsed(query, self.converter.encoding)
        converted.dump(params)
        return converted

    def forget(self) -> None:
        """Drop what waits, and set the user again before the next statement."""
        self._waiting.clear()
        self._is_known = False

    def add(self, statement: _Statement) -> None:
        """Let a statement wait."""
        self._waiting.append(statement)

    def run(self) -> None:
        """Run what waits."""
        if self._waiting:
            started = perf_counter()
            try:
                with self.connection.lock:
                    self.connection.wait(self.exchange())
            finally:
                note_statement("postponed statements", perf_counter() - started)

    def set_autocommit(self, autocommit: bool) -> None:
        if self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self.connection._autocommit = autocommit
        else:
            self.connection.autocommit = autocommit  # which raises

    def commit(self) -> None:
        """Commit the transaction, together with what waits."""
        if self._waiting:
            self._waiting.append(_Command(b"COMMIT", self))
            self.run()
        else:
            started = perf_counter()
            self.connection.commit()
            note_statement("COMMIT", perf_counter() - started)

    def rollback(self) -> None:
        self._waiting.clear()
        self.connection.rollback()

    def exchange(self) -> PQGen[None]:
        """Send what waits in a pipeline, and receive all results.

        This uses private methods of psycopg. Its public `Connection.pipeline` takes
        seven times as long, because it sends every part on its own.
        """
        steps, self._waiting = self._waiting, []
        pgconn = self.connection.pgconn
        pgconn.enter_pipeline_mode()
        sent = [(step, part) for step in steps for part in step.send()]
        pgconn.pipeline_sync()
        yield from send(pgconn)
        answers = []
        for _ in sent:
            answers.append((yield from fetch_many(pgconn)))
        yield from fetch_many(pgconn)  # of the sync
        pgconn.exit_pipeline_mode()
        for (_, new), results in zip(sent, answers, strict=True):
            if new is not None:
                self.connection._prepared.validate(*new, results)
        for (step, _), results in zip(sent, answers, strict=True):
            step.receive(results)


class ScopedCursor(Cursor[Any]):
    """A cursor whose statements see the rows of `row_owner()`."""

    postpones = False  # its statement until the next one

    def __init__(self, scope: RowScope) -> None:
        super().__init__(scope.connection)
        self._scope = scope
        self._tx = Transformer(self)

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        owner, scope = row_owner(), self._scope
        if scope.is_outside:
            scope.enter_alone(owner)
        else:
            scope.enter(owner)
            if self.postpones:
                self._add(query, params, **options)
                return self
        started = perf_counter()
        try:
            super().execute(query, params, **options)
        finally:
            note_statement(query, perf_counter() - started)
        return self

    def executemany(
        self, query: Any, params_seq: Iterable[Any], **options: Any
    ) -> None:
        if self._scope.is_outside:
            # psycopg would put the statements into transactions of their own.
            with self._conn.transaction():
                self._scope.set_owner(row_owner())
                self._scope.run()
                self._execute_many(query, params_seq, **options)
        else:
            self._scope.enter(row_owner())
            self._scope.run()
            self._execute_many(query, params_seq, **options)

    def _execute_many(
        self, query: Any, params_seq: Iterable[Any], **options: Any
    ) -> None:
        started = perf_counter()
        try:
            super().executemany(query, params_seq, **options)
        finally:
            note_statement(query, perf_counter() - started)

    def copy(self, *args: object, **options: object) -> NoReturn:
        raise NotImplementedError("COPY would not name its user.")

    def stream(self, *args: object, **options: object) -> NoReturn:
        raise NotImplementedError("A streamed query would not name its user.")

    def fetchall(self) -> list[Any]:
        """Return all rows, also of a statement that was postponed."""
        if self.postpones and self.pgresult is None:
            self._scope.run()
        return super().fetchall()

    def _execute_gen(
        self, query: Any, params: Any = None, **options: Any
    ) -> PQGen[None]:
        """Run the statement, together with those that wait."""
        if not self._scope.is_waiting:
            yield from super()._execute_gen(query, params, **options)
            return
        self._add(query, params, **options)
        yield from self._scope.exchange()
        yield from self._conn._prepared.maintain_gen(self._conn)

    def _add(self, query: Any, params: Any, **options: Any) -> None:
        """Make the cursor ready for a new statement, and let the statement wait."""
        self._reset()
        self._last_query = None
        self._scope.add(_Statement(self, self._scope.query(query, params), **options))


@lru_cache(STATEMENTS_CACHED)
def _parsed(statement: str, encoding: str) -> tuple[Any, ...]:
    """Find the parameters of a statement once.

    psycopg does it each time for those over 4 KiB, such as that of a page of tasks.
    """
    return _query2pg_nocache(statement.encode(encoding), encoding)


def _with_parameter(known: PostgresQuery, value: str) -> PostgresQuery:
    """Return the query with another text as its only parameter."""
    query = PostgresQuery(known._tx)
    query.query, query.types, query.formats = known.query, known.types, known.formats
    query.params = [value.encode()]
    return query


# What psycopg keeps of a statement that it has just prepared: to be validated.
_Prepared = tuple[Any, Prepare, bytes]


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement that a cursor sends in a pipeline."""

    cursor: Cursor[Any]
    query: Any
    prepare: bool | None = None
    binary: bool | None = None

    def send(self) -> Iterator[_Prepared | None]:
        """Send the statement, after preparing it if psycopg would prepare it.

        Yields what to validate in its cache of prepared statements, for each result.
        """
        cursor, query = self.cursor, self.query
        prepared = cursor._conn._prepared
        state, name = cursor._get_prepared(query, self.prepare)
        if state is Prepare.NO:
            cursor._execute_send(query, force_extended=True, binary=self.binary)
        else:
            if state is Prepare.SHOULD:
                cursor._send_prepare(name, query)
                yield None
            cursor._send_query_prepared(name, query, binary=self.binary)
        is_new = prepared.maybe_add_to_cache(query, state, name) is not None
        if is_new or state is Prepare.SHOULD:
            yield prepared.key(query), state, name
        else:
            yield None

    def receive(self, results: list[Any]) -> None:
        self.cursor._check_results(results)
        self.cursor._set_results(results)


@dataclass(frozen=True, slots=True)
class _Command:
    """A command without parameters or results."""

    text: bytes
    scope: RowScope

    def send(self) -> Iterator[None]:
        self.scope.connection.pgconn.send_query_params(self.text, None)
        yield None

    def receive(self, results: list[Any]) -> None:
        (result,) = results
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)


_Step = _Statement | _Command
