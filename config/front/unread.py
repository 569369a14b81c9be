"""The end of connections whose client does not receive its answers.

The server itself would wait for such a client for good, and keep the answer in memory.
So of what waits to be sent, a client must have received LEAST bytes after each span of
UNREAD_SECONDS, or all if that is less. Otherwise its connection ends.

Received means acknowledged. The system of a client whose buffer was full acknowledges
nothing more until about a sixteenth of it is free, even if the client reads steadily.
So the span must be a time in which that happens.

TCP_USER_TIMEOUT would also end clients that receive slowly, which it does not see to
make a little room (tried on Linux 6.18).
"""

import logging
import sys
import threading
from contextlib import closing, suppress

from django.conf import settings

from config.front import sockets

logger = logging.getLogger(__name__)

LEAST = 64 * 1024  # bytes


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
        if not sockets.can_tell_what_is_received():
            logger.warning(
                "this system does not tell what clients receive: those who receive "
                "nothing are not ended"
            )
            return
        with closing(sockets.Sockets()) as found:
            while not self._is_stopping.wait(settings.UNREAD_SECONDS):
                try:
                    self.look(found)
                except Exception as error:
                    # Without this thread, such clients would hold memory for good.
                    name = type(error).__name__
                    logger.warning("cannot look at the connections: %s", name)

    def look(self, found: sockets.Sockets) -> None:
        """End the connections that received too little since the look before."""
        if not self._ports:
            self._ports = {
                sockets.port(one) for _, one in found if sockets.listens(one)
            }
        before, due = self._due, {}
        for number, one in found:
            with suppress(OSError):  # it is not connected, or not any more
                waiting = sockets.bytes_waiting(one)
                if waiting and sockets.port(one) in self._ports:
                    received = sockets.bytes_received(one)
                    if received < before.get(number, 0):
                        found.end(number, one)
                    else:
                        due[number] = received + min(waiting, LEAST)
        self._due = due
