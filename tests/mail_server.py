"""A local mail server that keeps received mails and can refuse them on request."""

import queue
import socketserver
from contextlib import contextmanager
from email import message_from_bytes, policy
from threading import Thread

from tests.patience import PATIENCE


class MailServer(socketserver.ThreadingTCPServer):
    """Implements the part of SMTP (RFC 5321) that one mail needs.

    `answers` replaces the reply to a command, for example
    `{"RCPT": "550 No such mailbox"}`. An empty reply closes the connection.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.answers = {}
        self.mails = queue.Queue()

    @property
    def port(self):
        return self.server_address[1]

    def next(self, timeout=PATIENCE):
        """Wait for the next mail and return it."""
        return self.mails.get(timeout=timeout)


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.answer("220 ready")
        for line in self.rfile:
            command = line.decode().strip().upper().partition(" ")[0]
            reply = self.server.answers.get(command)
            if reply == "":
                return
            if command == "DATA" and reply is None:
                self.answer("354 go on")
                self.read_mail()
                if (reply := self.server.answers.get("END")) == "":
                    return
            self.answer(reply or "250 fine")
            if command == "QUIT":
                return

    def answer(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def read_mail(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b"."))
        self.server.mails.put(
            message_from_bytes(b"".join(lines), policy=policy.default)
        )


@contextmanager
def mail_server():
    """Run a server inside the block."""
    with MailServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(PATIENCE)
