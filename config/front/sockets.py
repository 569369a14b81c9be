"""The TCP sockets of this process, which the server does not show. Only on Linux.

No free descriptor is needed, because clients may hold them all.
"""

import fcntl
import os
import socket
import stat
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TCP = {socket.AF_INET, socket.AF_INET6}
# `tcpi_bytes_acked` of `struct tcp_info` (linux/tcp.h).
ACKED = struct.Struct("@120xQ")
WAITING = struct.Struct("@i")
AT_ONCE = struct.pack("@ii", 1, 0)  # of SO_LINGER: forget what is still to be sent
TRIAL_SECONDS = 5


class Sockets:
    """Iterates over sockets, each with a number that is never used again.

    A socket has the descriptor of the server, which may close it and use it again at
    any time. So nothing is changed by it.
    """

    def __init__(self) -> None:
        """Keep two descriptors.

        Raises:
            OSError: none is free, or the system does not have this file.
        """
        self._status = os.open("/proc/self/status", os.O_RDONLY)
        try:
            self._copy = os.dup(self._status)
        except OSError:
            os.close(self._status)
            raise

    def close(self) -> None:
        os.close(self._copy)
        os.close(self._status)

    def __iter__(self) -> Iterator[tuple[int, socket.socket]]:
        for descriptor in range(self._descriptors_max()):
            with suppress(OSError):  # it is not open
                status = os.fstat(descriptor)
                if stat.S_ISSOCK(status.st_mode):
                    with _borrowed(descriptor) as one:
                        if one.family in TCP and one.type == socket.SOCK_STREAM:
                            yield status.st_ino, one

    def _descriptors_max(self) -> int:
        """Return a number that is larger than each descriptor."""
        status = os.pread(self._status, 4096, 0)
        return int(status.partition(b"\nFDSize:")[2].split()[0])

    def end(self, number: int, connection: socket.socket) -> None:
        """End a connection, unless its descriptor has another number by now.

        Raises:
            OSError: it is closed already.
        """
        # Not `dup()`: that needs a free descriptor.
        os.dup2(connection.fileno(), self._copy, inheritable=False)
        try:
            if os.fstat(self._copy).st_ino == number:
                with _borrowed(self._copy) as copy:
                    copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                    copy.shutdown(socket.SHUT_RDWR)
        finally:
            os.dup2(self._status, self._copy, inheritable=False)


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Yield a socket that does not close its descriptor."""
    # `dup()` of a socket would make the server's socket a blocking one.
    one = socket.socket(fileno=descriptor)
    try:
        yield one
    finally:
        one.detach()


def port(one: socket.socket) -> int:
    return int(one.getsockname()[1])


def listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def bytes_waiting(connection: socket.socket) -> int:
    """Return how many bytes were sent, and are not acknowledged."""
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(WAITING.size))
    return int(WAITING.unpack(answer)[0])


def bytes_received(connection: socket.socket) -> int:
    """Return how many bytes the client has acknowledged.

    Raises:
        struct.error: the system does not say it.
    """
    answer = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED.size)
    return int(ACKED.unpack(answer)[0])


def can_tell_what_is_received() -> bool:
    """Try it with a connection of this process to itself.

    Other systems that run programs for Linux, such as sandboxes, may always say 0.
    """
    try:
        Sockets().close()
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname(), TRIAL_SECONDS) as client,
        ):
            ours, _ = listener.accept()
            with ours:
                ours.settimeout(TRIAL_SECONDS)
                ours.sendall(b"x")
                client.recv(1)
                client.sendall(b"x")  # it acknowledges what the client received
                ours.recv(1)
                return bytes_received(ours) > 0
    except (OSError, struct.error):
        return False
