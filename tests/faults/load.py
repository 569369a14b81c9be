"""The steady load: requests at a fixed rate, however fast the answers are.

Half of them create, the others complete, change, list and read. A write that is not
answered with success is repeated with the same `Idempotency-Key` until it is. A
user whose token is refused signs in again, if the load is told to.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count, cycle

from tests.faults.accounts import Account, register
from tests.faults.client import Answer, ask
from tests.patience import until

RATE = 20  # requests per second
USERS = 3  # has no divisor in common with the ten kinds of requests
PROBE_EVERY = 0.25  # seconds
PROBE_TIMEOUT = 10  # seconds
# A client would wait as long as Retry-After says.
REPEAT_AFTER = 2  # seconds
CALM = 2  # seconds without a bad answer
GIVES_UP_AFTER = 30  # seconds
THREADS = 500


class Load:
    """A running load on the instances at these ports, in turn."""

    def __init__(
        self,
        ports: list[int],
        members: list[Account] | None = None,
        *,
        signs_in: bool = False,
    ) -> None:
        self.ports = ports
        self._signs_in = signs_in
        self.accounts = members or [register(ports[0]) for _ in range(USERS)]
        self.answers: list[Answer] = []
        self.probes: dict[str, list[Answer]] = {"/healthz": [], "/readyz": []}
        self.unanswered: list[Answer] = []
        self._next_port = cycle(ports)
        self._numbers = count()
        self._sent = 0
        self._ended = threading.Event()
        self._deadline = float("inf")
        self._jobs: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(THREADS)
        self._sign_in = threading.Lock()

    @property
    def refused(self) -> int:
        """How many answers were not of success so far."""
        return sum(not answer.is_good for answer in list(self.answers))

    def wait_for_requests(self, number: int) -> None:
        """Let the load send this many more requests: 20 take a second."""
        target = self._sent + number
        until(lambda: self._sent >= target)

    def wait_until_calm(self, since: float) -> float:
        """Wait until all goes well again; return the seconds from `since` to then."""
        deadline = time.monotonic() + GIVES_UP_AFTER
        while True:
            last = self._last_bad(since)
            now = time.monotonic()
            is_calm = now - last > CALM and self._goes_well(last)
            if is_calm or now > deadline:
                return last - since
            time.sleep(0.05)

    def _last_bad(self, since: float) -> float:
        seen = [*self.answers, *self.probes["/healthz"], *self.probes["/readyz"]]
        bad = [one.at for one in seen if not one.is_good and one.status != 409]
        return max([since, *bad])

    def _goes_well(self, last: float) -> bool:
        """Whether requests and probes were answered after that moment."""
        answers = sum(answer.at > last for answer in list(self.answers))
        probes = all(probes[-1].at > last for probes in self.probes.values())
        return probes and answers > CALM * RATE / 2

    # --- Sending ------------------------------------------------------------------

    def send(self) -> None:
        """Send requests at the rate until the end, each in a thread of its own."""
        started = time.monotonic()
        mix = cycle(MIX)
        while not self._ended.wait(started + self._sent / RATE - time.monotonic()):
            account = self.accounts[self._sent % USERS]
            self._jobs.append(self._pool.submit(next(mix), self, account))
            self._sent += 1

    def probe(self, path: str) -> None:
        """Ask for the health again and again until the end."""
        ports = cycle(self.ports)
        while not self._ended.wait(PROBE_EVERY):
            answer = ask(next(ports), "GET", path, timeout=PROBE_TIMEOUT)
            self.probes[path].append(answer)

    def finish(self) -> None:
        """Wait until every write is answered. Nothing new must be sent any more."""
        self._deadline = time.monotonic() + GIVES_UP_AFTER
        for job in self._jobs:
            job.result()
        self._pool.shutdown()

    def end(self) -> None:
        """Let the threads of `send` and `probe` end."""
        self._ended.set()

    def write(
        self, account: Account, method: str, path: str, body: object
    ) -> Answer | None:
        """Write until it is answered with success; None if that never came."""
        key = {"Idempotency-Key": f"key-{next(self._numbers)}"}
        while True:
            headers = account.headers | key
            answer = ask(next(self._next_port), method, path, headers, body)
            self.answers.append(answer)
            if answer.is_good:
                return answer
            if self._sign_in_after(answer, account):
                continue
            is_final = answer.status and not answer.asks_to_repeat
            if is_final or time.monotonic() > self._deadline:
                self.unanswered.append(answer)
                return None
            time.sleep(REPEAT_AFTER)

    def read(self, account: Account, path: str) -> None:
        """Read once."""
        answer = ask(next(self._next_port), "GET", path, account.headers)
        self.answers.append(answer)
        self._sign_in_after(answer, account)

    def _sign_in_after(self, answer: Answer, account: Account) -> bool:
        """Sign in again after an answer that asks for it; tell whether that was done.

        Another request may have done it in the meantime.
        """
        if answer.status != 401 or not self._signs_in:
            return False
        with self._sign_in:
            is_new = account.headers["Authorization"] != answer.credential
            return is_new or account.sign_in(next(self._next_port))

    def number(self) -> int:
        """Return a number that no other write has."""
        return next(self._numbers)


def create(load: Load, account: Account) -> None:
    """Create a task with a title of its own."""
    title = f"Task {load.number()}"
    answer = load.write(account, "POST", "/api/v1/tasks", {"title": title})
    if answer:
        account.created[title] = answer.body["id"]
        account.unused.append(answer.body["id"])


def complete(load: Load, account: Account) -> None:
    """Complete a task that nothing else changes."""
    if not (key := _unused(account)):
        return
    if load.write(account, "POST", f"/api/v1/tasks/{key}/complete", None):
        account.completed.add(key)


def change(load: Load, account: Account) -> None:
    """Change the notes of a task that nothing else changes."""
    if not (key := _unused(account)):
        return
    notes = f"Note {load.number()}"
    if load.write(account, "PATCH", f"/api/v1/tasks/{key}", {"notes": notes}):
        account.changed[key] = notes


def _unused(account: Account) -> str | None:
    """Return a task for one change, if there is one."""
    with suppress(IndexError):
        return account.unused.popleft()
    return None


def read_list(load: Load, account: Account) -> None:
    """Read the first tasks."""
    load.read(account, "/api/v1/tasks")


def read_one(load: Load, account: Account) -> None:
    """Read the task that was created last, if there is one."""
    with suppress(IndexError):
        load.read(account, f"/api/v1/tasks/{account.unused[-1]}")


MIX: list[Callable[[Load, Account], None]] = [
    create,
    complete,
    create,
    read_list,
    create,
    change,
    create,
    complete,
    create,
    read_one,
]


@contextmanager
def steady(
    ports: list[int], members: list[Account] | None = None, *, signs_in: bool = False
) -> Iterator[Load]:
    """Run a load during the block, and wait for its last answers after it.

    Its users are `members`, or else new ones.
    """
    load = Load(ports, members, signs_in=signs_in)
    threads = [threading.Thread(target=load.send)]
    for path in load.probes:
        threads.append(threading.Thread(target=load.probe, args=[path]))
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.end()
        for thread in threads:
            thread.join()
        load.finish()
