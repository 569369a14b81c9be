"""The layer between the server and Django: requests are received before a thread runs.

The server uses RSGI, so that one event loop can wait for the bodies of all connections
(`config.front.bodies`). Django uses WSGI and runs in threads. A refused request also
goes through Django, which writes the refusal and adds the headers of every response
(`config.middleware.RefusalMiddleware`).
"""

import asyncio
import time
from collections.abc import Callable

from config.api.problems import HeadersTooLarge, RequestTimeout, Unavailable
from config.front.answers import Application, Job
from config.front.bodies import Body, linger, receive
from config.front.endings import Endings
from config.front.heads import HEAD_BYTES, Head
from config.front.patience import WAIT_MAX, Patience
from config.front.rsgi import HTTPProtocol, Scope
from config.front.threads import Threads
from config.front.unread import Unread
from config.metrics.registry import registry
from config.outages import Cause, outages

# The probe that asks whether the process lives has a thread of its own: the others may
# all wait for a part that is slow, and a supervisor must not end the process for that.
LIVENESS = "/healthz"
# So has the probe that asks whether requests can be served: threads that all wait for
# one locked row don't mean that no other request could be. It uses the database, which
# may be frozen, so it must not share the thread of the other probe.
READINESS = "/readyz"
OVERLOAD = Cause("threads", "all busy")


class Front:
    """An RSGI application that runs a WSGI application in threads."""

    def __init__(
        self,
        application: Application,
        clock: Callable[[], float] = time.monotonic,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._application = application
        self._at_end = at_end
        self._clock = clock  # in seconds
        self._threads = Threads(self._serve)
        self._probes = Threads(self._run, count=1)
        self._readiness = Threads(self._examine, count=1)
        self._refusals = Threads(self._run, count=1)
        self._patience = Patience(self._give_up, clock)
        self._endings = Endings()
        self._unread = Unread()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads in the worker process."""
        self._endings.start(loop)
        self._unread.start()
        self._threads.start(loop)
        self._probes.start(loop)
        self._readiness.start(loop)
        self._refusals.start(loop)
        self._patience.start(loop)
        registry.gauge("waiting", self._threads.waiting)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the threads finish their current requests."""
        self._unread.stop()
        self._threads.stop()
        self._probes.stop()
        self._readiness.stop()
        self._refusals.stop()
        self._at_end()

    def _serve(self, job: Job) -> None:
        """Run a request, or refuse it if it waited too long. Called in a thread."""
        if not job.take():
            return  # it is refused already
        if self._clock() - job.received_at > WAIT_MAX:
            self._refuse(job)
        elif outages:
            outages.worked(OVERLOAD.part, now=self._clock())
        self._run(job)

    def _examine(self, job: Job) -> None:
        if job.take():
            self._run(job)

    def _refuse(self, job: Job) -> None:
        if job.path != READINESS and not job.is_held_back:
            outages.failed(OVERLOAD, now=self._clock())
        job.refuse(Unavailable())

    def _give_up(self, job: Job) -> None:
        """Refuse a request that no thread has taken. Called on the event loop."""
        self._refuse(job)
        if job.is_held_back:
            self._threads.let_go(job)
        self._refusals.put(job)

    def _run(self, job: Job) -> None:
        try:
            job.run(self._application)
        finally:
            self._endings.add(job)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Receive a request, run it in a thread, and discard the rest of its body."""
        head = Head(scope)
        if head.size > HEAD_BYTES:
            head.reduce()
            body = Body(refusal=HeadersTooLarge())
        else:
            body = await receive(protocol, head.path, head.body_length)
        job = Job(head, body, protocol, received_at=self._clock())
        self._endings.expect_one()
        if job.path == LIVENESS:
            self._probes.put(job)
        else:
            threads = self._readiness if job.path == READINESS else self._threads
            threads.put(job)
            self._patience.add(job)
        await job.done
        body.release()
        if body.is_unread and not isinstance(body.refusal, RequestTimeout):
            await linger(protocol)
        await job.outgoing.release(protocol)
