"""How many threads take requests: one, or all where one is too few."""

import threading
from types import SimpleNamespace

import pytest

from config.front import callers
from config.front.threads import LITTLE, THREADS, WINDOW, Threads
from tests.front.test_shares import is_empty
from tests.patience import PATIENCE, until


class Job:
    """A job that ends when it may, and says in which thread it ran."""

    def __init__(self, *, may_end=True, caller=""):
        self.caller = caller
        self.credentials = (caller,) if caller else ()
        self.begun, self.ended = threading.Event(), threading.Event()
        self.may_end = threading.Event()
        if may_end:
            self.may_end.set()

    def ask_when_user_is_known(self, admit):
        self._admit = admit

    def is_admitted(self, user):
        """Tell the threads whose it is, as authentication does."""
        return self._admit(self, user)

    def run(self):
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        self.ended.set()

    def end(self):
        self.may_end.set()
        assert self.ended.wait(PATIENCE)


class Server:
    """Threads with an event loop whose timer and processor time are set by the test."""

    def __init__(self):
        self.used = 0.0  # seconds
        self._timer = None
        self._jobs = []
        self.threads = Threads(Job.run, processor_time=lambda: self.used)
        self.threads.start(
            SimpleNamespace(
                call_later=self._call_later, call_soon_threadsafe=lambda call: call()
            )
        )

    def _call_later(self, seconds, call, *arguments):
        assert self._timer is None
        self._timer = call, arguments

    def pass_time(self, *, used=0.0):
        """Let the timer fire, after the process used this much processor time."""
        self.used += used
        (call, arguments), self._timer = self._timer, None
        call(*arguments)

    def put(self, **options):
        job = Job(**options)
        self._jobs.append(job)
        self.threads.put(job)
        return job

    def run(self, count):
        """Run jobs one after the other; return the threads in which they ran."""
        found = []
        for _ in range(count):
            job = self.put()
            assert job.ended.wait(PATIENCE)
            found.append(job.thread)
        return found

    def wait_until_idle(self):
        """Return when a thread waits for the next job."""
        until(lambda: self.threads._was_idle)

    def close(self):
        for job in self._jobs:
            job.may_end.set()
        self.threads.stop()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


def begun(job):
    return job.begun.wait(PATIENCE)


def test_one_thread_runs_jobs_that_are_short(server):
    assert len(set(server.run(20))) == 1


def test_others_run_the_jobs_that_wait_for_one_that_does_not_end(server):
    first, second = server.put(may_end=False), server.put()
    assert begun(first)
    server.pass_time(used=1)

    assert second.ended.wait(PATIENCE)
    assert not first.ended.is_set()


def test_all_threads_run_jobs_while_the_process_uses_little_of_a_processor(server):
    first, *others = [server.put(may_end=False) for _ in range(THREADS + 1)]
    assert begun(first)
    first.end()
    assert begun(others[0])
    server.pass_time(used=LITTLE * WINDOW)

    assert all(map(begun, others))


def test_one_thread_is_enough_for_a_process_that_computes(server):
    first, second, third = [server.put(may_end=False) for _ in range(3)]
    assert begun(first)
    first.end()
    assert begun(second)
    server.pass_time(used=WINDOW)
    second.end()
    assert begun(third)

    assert first.thread is second.thread is third.thread


def test_a_window_in_which_a_thread_waited_for_jobs_says_nothing(server):
    server.run(1)
    server.wait_until_idle()
    second, third = [server.put(may_end=False) for _ in range(2)]
    assert begun(second)
    server.pass_time()
    second.end()
    assert begun(third)

    assert second.thread is third.thread


def test_one_thread_is_left_after_a_while(server):
    first = server.put(may_end=False)
    second = server.put()
    assert begun(first)
    server.pass_time()
    assert second.ended.wait(PATIENCE)
    server.pass_time()  # the while is over
    first.end()

    server.run(2 * THREADS)  # each of the others ends one of them
    assert len(set(server.run(20))) == 1


def test_a_caller_uses_two_threads_at_most(server):
    mine = [server.put(may_end=False, caller="me") for _ in range(4)]
    assert begun(mine[0])
    server.pass_time()
    assert begun(mine[1])

    others = [server.put(caller=name) for name in ("", "you", "")]

    assert all(other.ended.wait(PATIENCE) for other in others)
    assert not (mine[2].begun.is_set() or mine[3].begun.is_set())
    for job in mine:  # in this order
        assert begun(job)
        job.end()
    server.threads.stop()
    assert is_empty(server.threads._shares)


@pytest.fixture
def known(monkeypatch):
    """The users of the credentials that are known."""
    found = {}
    monkeypatch.setattr(callers, "_users", found)
    return found


def test_new_credentials_give_a_user_no_more_threads(server, known):
    mine = [server.put(may_end=False, caller=name) for name in "abcd"]
    assert begun(mine[0])
    server.pass_time()
    assert all(map(begun, mine))

    assert [job.is_admitted("me") for job in mine] == [True, True, False, False]

    for job in mine[2:]:
        job.end()
    other = server.put(caller="you")
    assert begun(other)
    assert other.is_admitted("you")


def test_no_request_of_one_new_credential_is_refused(server, known):
    jobs = [server.put(may_end=False, caller="token") for _ in range(5)]
    first, second, third, *_ = jobs
    assert begun(first)
    server.pass_time()
    assert begun(second)
    known["token"] = "me"
    assert first.is_admitted("me")
    server.put(caller="you").end()

    assert not third.begun.is_set()
    assert second.is_admitted("me")
    for job in jobs:
        assert begun(job)
        assert job.is_admitted("me")
        job.end()
    server.threads.stop()
    assert is_empty(server.threads._shares)


def test_requests_without_a_credential_use_all_threads(server):
    jobs = [server.put(may_end=False) for _ in range(THREADS)]
    assert begun(jobs[0])
    server.pass_time()

    assert all(map(begun, jobs))


def test_jobs_that_are_held_back_are_run_before_the_threads_end(server):
    jobs = [server.put(may_end=False, caller="me") for _ in range(6)]
    assert begun(jobs[0])
    server.pass_time()
    assert begun(jobs[1])
    for job in jobs:
        job.may_end.set()

    server.threads.stop()

    assert all(job.ended.is_set() for job in jobs)


def test_all_jobs_are_run_before_the_threads_end(server):
    jobs = [server.put() for _ in range(50)]

    server.threads.stop()

    assert all(job.ended.is_set() for job in jobs)
    assert not any(thread.is_alive() for thread in server.threads._threads)
