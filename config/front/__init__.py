"""The layer between the server and Django: requests are received before a thread runs.

The server uses RSGI, so that one event loop can wait for the bodies of all connections
(`config.front.bodies`). Django uses WSGI and runs in threads. A refused request also
goes through Django, which writes the refusal and adds the headers of every response
(`config.middleware.RefusalMiddleware`).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from config.api.problems import HeadersTooLarge, RequestTimeout, Unavailable
from config.front.answers import Application, Job
from config.front.bodies import Body, linger, receive
from config.front.heads import HEAD_BYTES, Head
from config.front.rsgi import HTTPProtocol, Scope

# Two would be enough for speed, since Python runs one at a time. But up to three may
# wait for external issuers (`accounts.better_auth`) and one for an upload, and those
# must not block other requests.
THREADS = 4
# A request that waited this long for a thread is refused with 503. Its client has
# probably given up, and the queue of an overloaded process stays this short.
WAIT_MAX = 3.0  # seconds
# Except for the probe that asks whether the process lives: it is only busy.
LIVENESS = "/healthz"


class Front:
    """An RSGI application that runs a WSGI application in threads."""

    def __init__(
        self, application: Application, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._application = application
        self._clock = clock  # in seconds
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads in the worker process."""
        for number in range(THREADS):
            name = f"request-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the threads finish their current requests."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while job := self._jobs.get():
            waited = self._clock() - job.received_at
            if waited > WAIT_MAX and job.path != LIVENESS:
                job.refuse(Unavailable())
            job.run(self._application)
            del (
                job
            )  # the connection can't close while a reference to its request exists

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Receive a request, run it in a thread, and discard the rest of its body."""
        head = Head(scope)
        if head.size > HEAD_BYTES:
            head.reduce()
            body = Body(refusal=HeadersTooLarge())
        else:
            body = await receive(protocol, head.path, head.body_length)
        job = Job(head, body, protocol, received_at=self._clock())
        self._jobs.put(job)
        await job.done
        body.release()
        if body.is_unread and not isinstance(body.refusal, RequestTimeout):
            await linger(protocol)
        await job.outgoing.release(protocol)
