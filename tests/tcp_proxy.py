"""A TCP proxy that can lose everything that is sent."""

import socket
from contextlib import contextmanager
from threading import Event, Thread


class TcpProxy:
    """Forwards TCP connections to a server, until they are frozen.

    The system goes on to acknowledge what is sent to it, as for a frozen process.
    """

    def __init__(self, host, port):
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._is_cut = Event()
        self._frozen = []
        self._open = []
        Thread(target=self._accept, daemon=True).start()

    def freeze(self):
        """Lose all that is sent on the connections that exist, for good."""
        for frozen in self._frozen:
            frozen.set()

    @contextmanager
    def cut(self):
        """Lose everything during the block, also on new connections."""
        self._is_cut.set()
        self.freeze()
        try:
            yield
        finally:
            self.freeze()
            self._is_cut.clear()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            frozen = Event()
            self._frozen.append(frozen)
            self._open.append(client)
            if self._is_cut.is_set():
                frozen.set()
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self._open.append(server)
            for ends in ((client, server), (server, client)):
                Thread(target=self._forward, args=(*ends, frozen), daemon=True).start()

    @staticmethod
    def _forward(source, target, frozen):
        try:
            while piece := source.recv(65536):
                if not frozen.is_set():
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self):
        """Close the proxy and all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            one.close()
