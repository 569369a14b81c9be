"""The end of connections whose client does not receive its answer.

A large answer keeps its part of the shared memory until it is received. So its client
must receive LEAST bytes in each span of UNREAD_SECONDS. Otherwise the connection ends.

The server shows neither the socket nor what was received, but the system does. It is
asked when an answer takes longer than one span, and only on Linux. TCP_USER_TIMEOUT
would also end clients that receive slowly, which it does not see to make a little room
(tried on Linux 6.18).
"""

import asyncio
import os
import socket
import stat
import struct
import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from django.conf import settings

LEAST = 16 * 1024  # bytes
DESCRIPTORS = "/proc/self/fd"
TCP = {socket.AF_INET, socket.AF_INET6}
# `tcpi_bytes_acked` of `struct tcp_info` (linux/tcp.h).
ACKED = struct.Struct("@120xQ")
AT_ONCE = struct.pack("@ii", 1, 0)  # of SO_LINGER: forget what is still to be sent


Place: TypeAlias = tuple[IPv4Address | IPv6Address, int]


class Watch:
    """Ends the connection of `client` (address and port) if it receives too little."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: str) -> None:
        self._loop = loop
        self._client = _place_of(client)
        self._received: int | None = None  # bytes, of the connection, at the last look
        self._timer: asyncio.TimerHandle | None = None
        if self._client is not None and sys.platform == "linux":
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer = self._loop.call_later(settings.UNREAD_SECONDS, self._look)

    def stop(self) -> None:
        """End the watch: all is received, or the client has disconnected."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        found = self._client and _connection_with(self._client)
        if not found:
            return
        with found:
            before, self._received = self._received, _bytes_received(found)
            if before is None or self._received - before >= LEAST:
                self._set_timer()
                return
            with suppress(OSError):  # the client has just disconnected
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                found.shutdown(socket.SHUT_RDWR)


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


def _connection_with(client: Place) -> socket.socket | None:
    """Return the connection of this process with a client, to be closed after use."""
    for number in map(int, os.listdir(DESCRIPTORS)):
        with suppress(OSError):  # it was closed meanwhile, or is not connected
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as one:
                    if one.family in TCP and _peer_of(one) == client:
                        # `one.dup()` would make the server's socket a blocking one.
                        return socket.socket(fileno=one.detach())
    return None


def _peer_of(connection: socket.socket) -> Place:
    address, port, *_ = connection.getpeername()
    return _address(address), port


def _bytes_received(connection: socket.socket) -> int:
    """Return how many bytes the client has acknowledged."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED.size)
    return int(ACKED.unpack(info)[0])
