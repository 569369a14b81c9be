"""The PostgreSQL that the tests bring."""

import socket

import psycopg
import pytest

from tests import postgres
from tests.benchmarks import processes

pytestmark = pytest.mark.slow


def test_starts_on_another_port_if_another_process_takes_the_first(monkeypatch):
    free_port = processes.free_port
    with socket.create_server(("127.0.0.1", free_port())) as other:
        ports = iter([other.getsockname()[1]])
        monkeypatch.setattr(processes, "free_port", lambda: next(ports, free_port()))

        with postgres.server() as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
