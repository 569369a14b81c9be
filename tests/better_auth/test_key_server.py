"""The key server of the tests responds as configured, and counts requests."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from tests import forging
from tests.patience import PATIENCE


def fetch(server):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/auth/jwks")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_lists_the_keys_it_was_given(key_server):
    key = forging.jwk(forging.key_of("EdDSA"))

    key_server.publish(key)

    status, body = fetch(key_server)
    assert (status, json.loads(body)) == (200, {"keys": [key]})
    assert key_server.fetches == 1


def test_holds_fetches_until_they_are_released(key_server):
    key_server.mode("hold")

    with ThreadPoolExecutor() as pool:
        fetches = [pool.submit(fetch, key_server) for _ in range(3)]
        key_server.wait_for_fetches(3)
        answered_before = [future.done() for future in fetches]
        key_server.release()
        statuses = [future.result()[0] for future in fetches]

    assert answered_before == [False] * 3
    assert statuses == [200] * 3


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_keeps_a_client_waiting_until_it_is_closed(key_server, mode):
    key_server.mode(mode)

    with socket.create_connection(("127.0.0.1", key_server.port), PATIENCE) as client:
        client.sendall(b"GET /api/auth/jwks HTTP/1.1\r\nHost: keys\r\n\r\n")
        key_server.wait_for_fetches(1)
        key_server.close()
        received = b"".join(iter(lambda: client.recv(65536), b""))

    _, _, body = received.partition(b"\r\n\r\n")
    assert body.strip() == b""


@pytest.mark.parametrize(
    ("mode", "settings", "expected"),
    [
        ("unavailable", {}, (503, b"Service Unavailable")),
        ("unavailable", {"status": 500}, (500, b"Service Unavailable")),
        ("html", {}, (200, b"<!doctype html>")),
        ("cut", {}, (200, b'{"key')),
        ("wrong-type", {}, (200, b'["keys"]')),
        ("empty", {}, (200, b'{"keys": []}')),
        ("redirect", {}, (302, b"")),
        ("slow", {"seconds": 0.01}, (200, b'{"keys": []}')),
        ("huge", {"megabytes": 1}, (200, b'{"keys": []}' + b" " * 1024 * 1024)),
        ("body", {"status": 418, "body": "tea"}, (418, b"tea")),
    ],
)
def test_answers_in_other_ways(key_server, mode, settings, expected):
    key_server.mode(mode, **settings)

    status, body = fetch(key_server)

    if mode == "cut":
        body = body[:5]
    assert (status, body) == expected


def test_can_hang_up(key_server):
    key_server.mode("drop")

    with pytest.raises(ConnectionError):
        fetch(key_server)
