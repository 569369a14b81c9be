"""What one caller runs at once: the jobs beyond are held back until others have ended.

Each running job counts for one caller: its user, or its first credential until the user
is known. A job that is held back waits for its caller and for all its credentials,
because jobs that count for these may be of the same user. So whenever one of them
counts less, those that wait for it are looked at.
"""

import threading
from collections.abc import Callable, Hashable, Iterable

from config.front.answers import Job
from config.front.callers import caller_of

# Of the threads, one caller may use so many. Otherwise a row that is locked, whose
# requests wait for it, would stop the service for everybody.
OF_ONE_CALLER = 2


class Shares:
    """The jobs of some threads that are running or held back.

    `put` lets a thread take a job that was held back. It counts as running already.
    """

    def __init__(self, put: Callable[[Job], None]) -> None:
        self._put = put
        self._lock = threading.Lock()  # for all of these
        self._is_stopping = False
        self._caller_of: dict[Job, Hashable] = {}  # of the running jobs
        self._running: dict[Hashable, int] = {}  # jobs by caller
        self._held_back: dict[Job, Hashable] = {}  # jobs with their callers
        # The same jobs by what they wait for, in their order.
        self._waiting_for: dict[Hashable, dict[Job, None]] = {}

    def held_back(self) -> int:
        """Return how many jobs are held back."""
        return len(self._held_back)

    def may_run(self, job: Job) -> bool:
        """Count a job as running, or hold it back if too many of its caller are."""
        with self._lock:
            if job in self._caller_of:
                return True  # it was held back
            caller = job.caller = caller_of(job.credentials)  # may have become known
            if caller and self._is_full(caller, job.credentials):
                job.is_held_back = True
                self._held_back[job] = caller
                for one in {caller, *job.credentials}:
                    self._waiting_for.setdefault(one, {})[job] = None
                return False
            self._count(job, caller)
            return True

    def admit(self, job: Job, user: Hashable) -> bool:
        """Count a running job for its user; return False if too many are running."""
        with self._lock:
            if self._held_back:
                self._count_for(user, job.credentials)
            before = self._caller_of.get(job, user)
            if before == user:
                return True
            if self._running.get(user, 0) >= OF_ONE_CALLER:
                return False
            self._discount(before)
            self._count(job, user)
            job.caller = user
            if self._held_back and not self._is_stopping:
                self._put_those_that_may_run(before)
            return True

    def end(self, job: Job) -> Job | None:
        """Note the end of a job; return one that was held back, and counts now."""
        with self._lock:
            caller = self._caller_of.pop(job)
            self._discount(caller)
            if not self._held_back:
                return None
            if self._is_stopping:  # nothing can be put any more
                return self._first_that_may_run(self._held_back)
            following = self._first_that_may_run(self._waiting_for.get(caller, ()))
            if following:
                self._put_those_that_may_run(caller)
            return following

    def let_go(self, job: Job) -> None:
        """Forget a job if it is held back."""
        with self._lock:
            if job in self._held_back:
                self._let_go(job)

    def stop(self) -> None:
        """Put no more jobs: `end` returns all that are held back, one by one."""
        with self._lock:
            self._is_stopping = True

    def _is_full(self, caller: Hashable, credentials: tuple[Hashable, ...]) -> bool:
        # Those that count for a credential may be about to count for this user.
        running = 0
        for one in {caller, *credentials}:
            running += self._running.get(one, 0)
        return running >= OF_ONE_CALLER

    def _count(self, job: Job, caller: Hashable) -> None:
        self._caller_of[job] = caller
        self._running[caller] = self._running.get(caller, 0) + 1

    def _discount(self, caller: Hashable) -> None:
        if self._running[caller] == 1:
            del self._running[caller]
        else:
            self._running[caller] -= 1

    def _count_for(self, user: Hashable, credentials: tuple[Hashable, ...]) -> None:
        """Let the jobs with one of these credentials wait for this user."""
        for credential in credentials:
            for job in self._waiting_for.get(credential, ()):
                if self._held_back[job] in job.credentials:  # no user was known
                    self._held_back[job] = job.caller = user
                    self._waiting_for.setdefault(user, {})[job] = None

    def _put_those_that_may_run(self, caller: Hashable) -> None:
        while job := self._first_that_may_run(self._waiting_for.get(caller, ())):
            self._put(job)

    def _first_that_may_run(self, jobs: Iterable[Job]) -> Job | None:
        """Count one of these, which are held back, as running and return it."""
        for job in jobs:
            caller = self._held_back[job]
            if not self._is_full(caller, job.credentials):
                self._let_go(job)
                self._count(job, caller)
                return job
        return None

    def _let_go(self, job: Job) -> None:
        for one in {self._held_back.pop(job), *job.credentials}:
            del self._waiting_for[one][job]
            if not self._waiting_for[one]:
                del self._waiting_for[one]
