"""The end of connections whose client does not receive its answer.

A large answer keeps its part of the shared memory until it is received. So its client
must receive LEAST bytes in each span of UNREAD_SECONDS. Otherwise the connection ends.

The server shows neither the socket nor what was received, but the system does. It is
asked for all such answers at once, once in each span, and only on Linux.
TCP_USER_TIMEOUT would also end clients that receive slowly, which it does not see to
make a little room (tried on Linux 6.18).
"""

import asyncio
import errno
import logging
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from django.conf import settings

logger = logging.getLogger(__name__)

LEAST = 16 * 1024  # bytes
DESCRIPTORS = "/proc/self/fd"
TCP = {socket.AF_INET, socket.AF_INET6}
# `tcpi_bytes_acked` of `struct tcp_info` (linux/tcp.h).
ACKED = struct.Struct("@120xQ")
AT_ONCE = struct.pack("@ii", 1, 0)  # of SO_LINGER: forget what is still to be sent


Place: TypeAlias = tuple[IPv4Address | IPv6Address, int]


class _Watch:
    """One answer that `place` is receiving."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.received: int | None = None  # bytes, of the connection, at the last look


class Watches:
    """Ends the connections of clients that receive too little.

    One for each process: to find the connections takes time for every open file.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._watches: set[_Watch] = set()
        self._has_timer = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @contextmanager
    def watching(self, client: str) -> Iterator[None]:
        """Watch `client` (address and port) while it receives an answer."""
        place = _place_of(client)
        if place is None or sys.platform != "linux":
            yield
            return
        watch = _Watch(place)
        self._watches.add(watch)
        self._set_timer()
        try:
            yield
        finally:
            self._watches.remove(watch)

    def _set_timer(self) -> None:
        if self._watches and not self._has_timer:
            self._has_timer = True
            self._loop.call_later(settings.UNREAD_SECONDS, self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        try:
            self._look()
        except OSError:  # no descriptor is free; the next look may find one
            logger.warning("cannot look at the connections", exc_info=True)
        finally:
            self._set_timer()

    def _look(self) -> None:
        if not self._watches:
            return
        by_place: dict[Place, list[_Watch]] = {}
        for watch in self._watches:
            by_place.setdefault(watch.place, []).append(watch)
        for place, connection in _connections():
            for watch in by_place.get(place, ()):
                with suppress(OSError):  # the client has just disconnected
                    _end_if_unread(watch, connection)


def _end_if_unread(watch: _Watch, connection: socket.socket) -> None:
    before, watch.received = watch.received, _bytes_received(connection)
    if before is not None and watch.received - before < LEAST:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        connection.shutdown(socket.SHUT_RDWR)


def _place_of(client: str) -> Place | None:
    """Return the address and the port of `192.0.2.1:8000` or `[2001:db8::1]:8000`.

    None if it is something else, such as the path of a Unix socket.
    """
    address, _, port = client.rpartition(":")
    try:
        return _address(address.strip("[]")), int(port)
    except ValueError:
        return None


def _address(text: str) -> IPv4Address | IPv6Address:
    return ip_address(text.partition("%")[0])


def _connections() -> Iterator[tuple[Place, socket.socket]]:
    """Yield the connections of this process, each open until the next one.

    Raises:
        OSError: no descriptor is free.
    """
    for number in map(int, os.listdir(DESCRIPTORS)):
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            copy = os.dup(number)
        except OSError as error:
            if error.errno == errno.EBADF:  # it was closed meanwhile
                continue
            raise
        with suppress(OSError), _socket(copy) as connection:  # it may be unconnected
            if connection.family in TCP:
                yield _peer_of(connection), connection


def _socket(descriptor: int) -> socket.socket:
    # `dup()` of a socket would make the server's socket a blocking one.
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _peer_of(connection: socket.socket) -> Place:
    address, port, *_ = connection.getpeername()
    return _address(address), port


def _bytes_received(connection: socket.socket) -> int:
    """Return how many bytes the client has acknowledged."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED.size)
    return int(ACKED.unpack(info)[0])
