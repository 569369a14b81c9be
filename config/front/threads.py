"""The threads in which requests run: usually one of them, and all where that is better.

Python runs one thread at a time anyway, and to change between threads costs: four that
all took requests used a sixth more processor time for the same requests (measured in
November 2026, on two processors with the database beside). But one alone would wait for
a distant database, a lock or an external issuer while other requests wait for it.
"""

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from queue import SimpleQueue

from config.front.answers import Job
from config.front.callers import caller_of

# Up to three may wait for external issuers (`accounts.better_auth`) and one for an
# upload.
THREADS = 4
# Of these, one caller may use so many. Otherwise a row that is locked, whose requests
# wait for it, would stop the service for everybody.
OF_ONE_CALLER = 2
# All threads take requests for a while, once requests waited for a whole window in
# which the process used little of a processor, or finished no request.
WINDOW = 0.02  # seconds
WHILE = 0.5  # seconds
LITTLE = 0.4  # of a processor


class Threads:
    """Threads that call `run` for each job, in the order in which they were put.

    Jobs of a caller who has `OF_ONE_CALLER` running wait for one of them to end.
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
        self._lock = threading.Lock()  # for the next five
        self._taking = 1  # threads that take jobs
        self._taking_max = 1
        self._finished = 0  # jobs
        self._running: Counter[Hashable] = Counter()  # jobs by caller
        self._held_back: dict[Hashable, deque[Job]] = {}  # by caller
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
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def waiting(self) -> int:
        """Return how many jobs no thread has run yet."""
        with self._lock:
            held_back = sum(map(len, self._held_back.values()))
        return self._jobs.qsize() + held_back

    def put(self, job: Job) -> None:
        """Let a thread run this job. Called on the event loop."""
        self._jobs.put(job)
        if not self._is_watching:
            self._is_watching = True
            self._watch()

    def let_go(self, job: Job) -> None:
        """Forget a job that was held back, and is refused."""
        with self._lock:
            jobs = self._held_back.get(job.caller)
            if jobs and job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self._held_back[job.caller]

    def admit(self, job: Job, user: Hashable) -> bool:
        """Count a running job for its user; return False if too many are running."""
        with self._lock:
            if job.caller == user:
                return True
            if self._running[user] >= OF_ONE_CALLER:
                return False
            before, job.caller = job.caller, user
            self._discount(before)
            self._running[user] += 1
            for waiting in self._held_back.pop(before, ()):
                waiting.caller = user
                self._held_back.setdefault(user, deque()).append(waiting)
            return True

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
            following: Job | None = job if self._may_run(job) else None
            # The connection can't close while a reference to its request exists.
            del job
            while following:
                following.ask_when_user_is_known(self.admit)
                self._run(following)
                following = self._end(following.caller)
            with self._lock:
                if self._taking > self._taking_max:
                    self._taking -= 1
                    return True
        return False

    def _next(self) -> Job | None:
        if self._jobs.empty():
            self._was_idle = True
        return self._jobs.get()

    def _may_run(self, job: Job) -> bool:
        """Hold a job back if too many of its caller are running."""
        with self._lock:
            job.caller = caller_of(job.credentials)  # may have become known
            # Those before it may be about to count for this user.
            counted = {job.caller, *job.credentials}
            running = sum(self._running[one] for one in counted)
            if job.caller and running >= OF_ONE_CALLER:
                job.is_held_back = True
                self._held_back.setdefault(job.caller, deque()).append(job)
                return False
            self._running[job.caller] += 1
            return True

    def _end(self, caller: Hashable) -> Job | None:
        """Note the end of a job; return one of this caller that was held back."""
        with self._lock:
            self._finished += 1
            if waiting := self._held_back.get(caller):
                job = waiting.popleft()
                if not waiting:
                    del self._held_back[caller]
                return job
            self._discount(caller)
        return None

    def _discount(self, caller: Hashable) -> None:
        self._running[caller] -= 1
        if not self._running[caller]:
            del self._running[caller]
