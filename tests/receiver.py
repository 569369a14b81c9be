"""A local receiver of error reports and traces, which keeps what it is sent."""

import gzip
import json
import queue
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Received:
    """A request: its path and headers, and its body as sent and uncompressed."""

    path: str
    headers: dict[str, str]
    raw: bytes
    body: bytes

    @property
    def octets(self):
        """Everything, to look for what must not be there."""
        return repr((self.path, self.headers, self.raw)).encode() + self.raw + self.body

    @property
    def event(self):
        """The event of an envelope of Sentry."""
        head, item, payload = self.body.splitlines()
        event = json.loads(payload)
        assert json.loads(head)["event_id"] == event["event_id"]
        assert json.loads(item) == {"type": "event", "length": len(payload)}
        return event

    @property
    def spans(self):
        """The spans of an export by OTLP."""
        return [
            span
            for resource in json.loads(self.body)["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


class Receiver(ThreadingHTTPServer):
    """Answers each POST with `status`, and not at all while `hangs`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.headers = {}
        self.hangs = False
        self.arrived = Event()  # a request that hangs
        self.released = Event()
        self.received = queue.Queue()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def dsn(self):
        return f"http://publickey@127.0.0.1:{self.server_address[1]}/7"

    def next(self, timeout=PATIENCE):
        """Wait for the next request, and return it."""
        return self.received.get(timeout=timeout)

    def all(self):
        """Return what was received until now."""
        return [self.received.get() for _ in range(self.received.qsize())]

    def handle_error(self, request, client_address):
        """Say nothing of a sender that has gone."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.hangs:
            self.server.arrived.set()
            self.server.released.wait(PATIENCE)
        body = gzip.decompress(raw)
        self.server.received.put(Received(self.path, dict(self.headers), raw, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        """Write no log."""


@contextmanager
def receiver():
    """Run a receiver inside the block."""
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join(PATIENCE)
