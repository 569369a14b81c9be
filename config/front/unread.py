"""The end of connections whose client does not receive its answers.

The server itself would wait for such a client for good, and keep the answer in memory.
So of what waits to be sent, a client must have received LEAST bytes after each span of
UNREAD_SECONDS, or all if that is less. Otherwise its connection ends.

The server shows neither its sockets nor what was received, but the system does. It is
asked for all connections at once, and only on Linux. TCP_USER_TIMEOUT would also end
clients that receive slowly, which it does not see to make a little room (tried on
Linux 6.18).
"""

import errno
import fcntl
import logging
import os
import socket
import stat
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

logger = logging.getLogger(__name__)

LEAST = 16 * 1024  # bytes
DESCRIPTORS = "/proc/self/fd"
TCP = {socket.AF_INET, socket.AF_INET6}
# `tcpi_bytes_acked` of `struct tcp_info` (linux/tcp.h).
ACKED = struct.Struct("@120xQ")
WAITING = struct.Struct("@i")
AT_ONCE = struct.pack("@ii", 1, 0)  # of SO_LINGER: forget what is still to be sent


class Unread:
    """Ends the connections of clients that receive too little.

    One thread of a process does it: to look at a thousand connections takes long enough
    to delay what the event loop has to do.
    """

    def __init__(self) -> None:
        self._is_stopping = threading.Event()
        self._ports: set[int] = set()  # on which this process listens
        # By connections with something to send: how many bytes of all that it ever
        # sent must have been received at the next look.
        self._due: dict[int, int] = {}

    def start(self) -> None:
        if sys.platform == "linux":
            threading.Thread(target=self._work, name="unread", daemon=True).start()

    def stop(self) -> None:
        self._is_stopping.set()

    def _work(self) -> None:
        while not self._is_stopping.wait(settings.UNREAD_SECONDS):
            try:
                self.look()
            except OSError:  # no descriptor is free; the next look may find one
                logger.warning("cannot look at the connections", exc_info=True)

    def look(self) -> None:
        """End the connections that received too little since the look before."""
        if not self._ports:
            self._ports = {_port(one) for _, one in _sockets() if _listens(one)}
        before, due = self._due, {}
        for number, one in _sockets():
            with suppress(OSError):  # it is not connected, or not any more
                if _port(one) in self._ports and (waiting := _bytes_waiting(one)):
                    received = _bytes_received(one)
                    if received < before.get(number, 0):
                        _end(one)
                    else:
                        due[number] = received + min(waiting, LEAST)
        self._due = due


def _sockets() -> Iterator[tuple[int, socket.socket]]:
    """Yield the TCP sockets of this process, with a number that is never used again.

    Each is open until the next one.

    Raises:
        OSError: no descriptor is free.
    """
    for descriptor in map(int, os.listdir(DESCRIPTORS)):
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISSOCK(status.st_mode):
                continue
            copy = os.dup(descriptor)
        except OSError as error:
            if error.errno == errno.EBADF:  # it was closed meanwhile
                continue
            raise
        with suppress(OSError), _socket(copy) as one:  # it may be something else now
            if one.family in TCP and one.type == socket.SOCK_STREAM:
                yield status.st_ino, one


def _socket(descriptor: int) -> socket.socket:
    # `dup()` of a socket would make the server's socket a blocking one.
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _port(one: socket.socket) -> int:
    return int(one.getsockname()[1])


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _bytes_waiting(connection: socket.socket) -> int:
    """Return how many bytes were sent, and are not acknowledged."""
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(WAITING.size))
    return int(WAITING.unpack(answer)[0])


def _bytes_received(connection: socket.socket) -> int:
    """Return how many bytes the client has acknowledged."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED.size)
    return int(ACKED.unpack(info)[0])


def _end(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    connection.shutdown(socket.SHUT_RDWR)
