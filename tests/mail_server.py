"""A mail server on this machine that keeps what it is sent, and refuses when told."""

import queue
import socketserver
from contextlib import contextmanager
from email import message_from_bytes, policy
from threading import Thread


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP (RFC 5321) as one mail needs.

    `answers` has the reply to a command in place of the usual one, as
    `{"RCPT": "550 No such mailbox"}`; an empty reply hangs up.
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

    def next(self, timeout=30):
        """Return the next mail; wait for it."""
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
    """Run a server for as long as the block lasts."""
    with MailServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
