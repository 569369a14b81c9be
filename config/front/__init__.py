"""Between the server and Django: what a request must be before it takes a thread.

The server speaks RSGI, so that one event loop can wait for the bodies of all
connections at once (`config.front.bodies`). Django speaks WSGI and runs in threads.
What may not be served still goes through Django, which words the refusal and gives it
the headers that every answer has (`config.middleware.RefusalMiddleware`).
"""

import asyncio
import threading
from queue import SimpleQueue

from config.api.problems import HeadersTooLarge, RequestTimeout
from config.front.answers import Application, Job
from config.front.bodies import Body, linger, receive
from config.front.heads import HEAD_BYTES, Head
from config.front.rsgi import HTTPProtocol, Scope

# Two would do for speed: Python runs one at a time. But up to three may wait for
# outside issuers (`accounts.better_auth`) and one for an upload, and the requests of
# others must not wait with them.
THREADS = 4


class Front:
    """An RSGI application that runs a WSGI application in threads."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads, in the process that serves."""
        for number in range(THREADS):
            name = f"request-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the threads finish what they have begun."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while job := self._jobs.get():
            job.run(self._application)
            del job  # the connection can't close while somebody holds its request

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Read a request, have it answered in a thread, and see off what is left."""
        head = Head(scope)
        if head.size > HEAD_BYTES:
            head.reduce()
            body = Body(refusal=HeadersTooLarge())
        else:
            body = await receive(protocol, head.path, head.body_length)
        job = Job(head, body, protocol)
        self._jobs.put(job)
        await job.done
        body.release()
        if body.is_unread and not isinstance(body.refusal, RequestTimeout):
            await linger(protocol)
        await job.outgoing.leave(protocol)
