"""The threads in which requests run: usually one of them, and all where that is better.

Python runs one thread at a time anyway, and to change between threads costs: four that
all took requests used a sixth more processor time for the same requests (measured in
November 2026, on two processors with the database beside). But one alone would wait for
a distant database, a lock or an external issuer while other requests wait for it.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from config.front.answers import Job
from config.front.shares import Shares

# Up to three may wait for external issuers (`accounts.better_auth`) and one for an
# upload.
THREADS = 4
# All threads take requests for a while, once requests waited for a whole window in
# which the process used little of a processor, or finished no request.
WINDOW = 0.02  # seconds
WHILE = 0.5  # seconds
LITTLE = 0.4  # of a processor


class Threads:
    """Threads that call `run` for each job, in the order in which they were put.

    Jobs of a caller who has enough running wait for one of them to end (`Shares`).
    `processor_time` returns the seconds that this process has used.
    """

    def __init__(
        self,
        run: Callable[[Job], None],
        processor_time: Callable[[], float] = time.process_time,
        *,
        count: int = THREADS,
    ) -> None:
        self._run = run
        self._count = count
        self._processor_time = processor_time
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop
        self._threads: list[threading.Thread] = []
        self._shares = Shares(self._put_again)
        self._lock = threading.Lock()  # for the next two
        self._taking = 1  # threads that take jobs
        self._taking_max = 1
        self._finished = 0  # jobs; two threads may count one at the same time
        self._may_take = threading.Semaphore()
        # On the event loop, while jobs wait.
        self._is_watching = False
        self._was_idle = False  # in this window

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads. `loop` is the event loop that calls `put`."""
        self._loop = loop
        for number in range(self._count):
            name = f"request-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Wait until the threads have finished all jobs, and end them."""
        self._shares.stop()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def waiting(self) -> int:
        """Return how many jobs no thread has run yet."""
        return self._jobs.qsize() + self._shares.held_back()

    def put(self, job: Job) -> None:
        """Let a thread run this job. Called on the event loop."""
        self._jobs.put(job)
        self._start_to_watch()

    def _put_again(self, job: Job) -> None:
        """Put a job that was held back. Called in a thread."""
        self._jobs.put(job)
        self._loop.call_soon_threadsafe(self._start_to_watch)

    def let_go(self, job: Job) -> None:
        """Forget a job that was held back, and is refused."""
        self._shares.let_go(job)

    def _start_to_watch(self) -> None:
        if not self._is_watching:
            self._is_watching = True
            self._watch()

    def _watch(self) -> None:
        """Let one thread take jobs, and look back after a window."""
        self._taking_max = 1
        self._was_idle = False
        before = self._finished, self._processor_time()
        self._loop.call_later(WINDOW, self._look_back, *before)

    def _look_back(self, finished: int, used: float) -> None:
        """Let all threads take jobs for a while if one is too few."""
        used = self._processor_time() - used
        if self._jobs.empty():
            self._is_watching = False
        elif self._was_idle or (self._finished > finished and used > LITTLE * WINDOW):
            self._watch()
        else:
            self._let_all_take()
            self._loop.call_later(WHILE, self._watch)

    def _let_all_take(self) -> None:
        with self._lock:
            more = self._count - self._taking
            self._taking = self._taking_max = self._count
        if more:
            self._may_take.release(more)

    def _work(self) -> None:
        while self._may_take.acquire():
            if not self._take_jobs():
                self._may_take.release()
                return

    def _take_jobs(self) -> bool:
        """Run jobs until too many threads take them; return False at the end of all."""
        while job := self._next():
            following = job if self._shares.may_run(job) else None
            # The connection can't close while a reference to its request exists.
            del job
            while following:
                following.ask_when_user_is_known(self._shares.admit)
                self._run(following)
                self._finished += 1
                following = self._shares.end(following)
            with self._lock:
                if self._taking > self._taking_max:
                    self._taking -= 1
                    return True
        return False

    def _next(self) -> Job | None:
        if self._jobs.empty():
            self._was_idle = True
        return self._jobs.get()
