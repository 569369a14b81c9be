"""Serving the metrics from the main process, and counting in its workers."""

from __future__ import annotations

import errno
import http.server
import itertools
import logging
import os
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from config.metrics.address import Address, parse
from config.metrics.registry import registry
from config.metrics.shared import Slot, Slots, TooLarge
from config.metrics.text import MEDIA_TYPE, exposition
from config.models import CommandRun
from config.regular_commands import last_successes

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds, between two copies of the counts of a worker
COMMANDS_EVERY = 60  # copies, between two looks at the regular commands
PATIENCE = 5.0  # seconds, from the connection of a client to the end of its answer
AT_ONCE = 8  # clients
slots = Slots()


def start(address: str) -> None:
    """Serve at `address`, and let each process that is forked from now on count.

    Exits with a message if it can't listen there.
    """
    try:
        server = _listening(parse(address))
    except (OSError, ValueError) as exc:
        sys.exit(f"METRICS_ADDRESS: can't listen on {address!r}: {_reason(exc)}.")
    os.register_at_fork(
        before=slots.prepare, after_in_child=lambda: _begin_in_worker(server)
    )
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "already in use. Each instance needs an address of its own"
    return getattr(error, "strerror", None) or str(error)


def _begin_in_worker(server: _Server) -> None:
    """Count in this process, and leave the sockets to the main process."""
    server.close_copies()
    slot = slots.next
    assert slot is not None
    registry.begin(slot.claim())
    registry.gauge("workers", lambda: 1)
    threading.Thread(target=_publish, args=[slot], daemon=True, name="metrics").start()


def _publish(slot: Slot) -> None:
    """Copy the counts into shared memory again and again."""
    pause = threading.Event()
    before = b""
    fits = True
    for number in itertools.count():
        if number % COMMANDS_EVERY == 0:
            _share_commands()
        octets = registry.to_bytes()
        if octets != before:
            fits = _write(slot, octets, fitted=fits)
            before = octets
        pause.wait(EVERY)


def _write(slot: Slot, octets: bytes, *, fitted: bool) -> bool:
    """Write the counts and tell whether they fit. The first that do not are logged."""
    try:
        slot.write(octets)
    except TooLarge:
        if fitted:
            logger.error("metrics: too many labels")  # noqa: TRY400 - no cause
        return False
    return True


def _share_commands() -> None:
    """Look up in the database what the regular commands did."""
    try:
        succeeded = last_successes()
        runs = list(CommandRun.objects.all())
    except (DatabaseError, InterfaceError):
        return  # the requests say so
    finally:
        connection.close()
    # 0, long ago, if it never did, so that the alerts notice.
    times = {name: at.timestamp() if at else 0.0 for name, at in succeeded.items()}
    registry.share("succeeded", times)
    registry.share("done", {run.name: run.done for run in runs})


# --- The server -----------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers `GET /metrics`, and writes no log."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        text = exposition(slots.total(), workers_started=slots.started).encode()
        self.send_response(200)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self) -> str:
        return "metrics"  # a client of a Unix socket has no address

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers `AT_ONCE` clients at once, and each within `PATIENCE`.

    A client that comes while all places are taken gets that of the first, so slow
    clients can't keep the others out.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._deadlines: dict[socket.socket, float] = {}  # the first client first

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            with self._lock:
                _disconnect([*self._deadlines][:1])
            self._places.acquire()
        with self._lock:
            self._deadlines[request] = time.monotonic() + PATIENCE
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def _leave(self, request: socket.socket) -> None:
        with self._lock:
            del self._deadlines[request]
        self._places.release()

    def service_actions(self) -> None:
        """Called about twice a second."""
        self.end_late(now=time.monotonic())

    def end_late(self, *, now: float) -> None:
        """Disconnect the clients whose deadline has passed."""
        with self._lock:
            _disconnect([one for one, at in self._deadlines.items() if at <= now])

    def close_copies(self) -> None:
        """Close what a new process inherited, where no thread uses it."""
        for one in (self.socket, *self._deadlines):
            one.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone."""


def _disconnect(clients: Iterable[socket.socket]) -> None:
    """Let the threads of these clients end."""
    for client in clients:
        with suppress(OSError):  # it has gone
            client.shutdown(socket.SHUT_RDWR)


class _UnixServer(_Server):
    address_family = socket.AF_UNIX
    allow_reuse_address = False


class _Server6(_Server):
    address_family = socket.AF_INET6


def _listening(address: Address) -> _Server:
    if address.path:
        Path(address.path).unlink(missing_ok=True)  # of an earlier process
        return _UnixServer(address.path, _Handler)
    kind = _Server6 if ":" in address.host else _Server
    return kind((address.host, address.port), _Handler)
