"""What one caller runs at once, with jobs that begin and end when the test says so."""

from collections import Counter, deque
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.front import callers
from config.front.shares import OF_ONE_CALLER, Shares


def is_empty(shares):
    kept = shares._caller_of, shares._running, shares._held_back, shares._waiting_for
    return not any(kept)


class Job:
    """A request with these credentials, of `user` if they sign in."""

    caller = ""
    is_held_back = False

    def __init__(self, *credentials, user=None):
        self.credentials, self.user = credentials, user
        self.is_taken = False
        self.answers = 0

    def take(self):
        self.is_taken, was_taken = True, self.is_taken
        return not was_taken


class Begun:
    """Shares, with the jobs that are put again and those that run."""

    def __init__(self):
        self.put = deque()
        self.shares = Shares(self.put.append)

    def begin(self, *credentials, user=None):
        job = Job(*credentials, user=user)
        return job, self.shares.may_run(job)

    def sign_in(self, job):
        """Say whose job it is, as authentication does; return whether it may go on."""
        callers._users.update(dict.fromkeys(job.credentials, job.user))
        return self.shares.admit(job, job.user)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The users of the credentials that are known."""
    found = {}
    monkeypatch.setattr(callers, "_users", found)
    return found


@pytest.fixture
def begun():
    return Begun()


def test_a_user_is_admitted_again_once_a_request_has_ended(begun):
    first, second, third = [begun.begin(name, user="me")[0] for name in "abc"]
    assert [begun.sign_in(job) for job in (first, second, third)] == [True, True, False]

    begun.shares.end(first)

    assert begun.sign_in(third)


def test_a_job_is_of_its_user_once_that_is_known(begun):
    """The memory of its answer is counted for this user."""
    job, _ = begun.begin("token", user="me")
    assert job.caller == "token"

    assert begun.sign_in(job)

    assert job.caller == "me"
    assert begun.shares._caller_of == {job: "me"}


def test_a_job_that_has_ended_counts_for_nobody_any_more(begun):
    job, _ = begun.begin("token", user="me")
    for name in "ab":
        begun.sign_in(begun.begin(name, user="me")[0])
    begun.shares.end(job)

    assert begun.sign_in(job)

    assert job not in begun.shares._caller_of
    assert begun.shares._running == {"me": OF_ONE_CALLER}


def test_jobs_behind_a_refused_first_one_wait_for_the_others_of_the_user(begun, known):
    known["old"] = "me"
    running, _ = begun.begin("old")
    begun.begin("old")
    first, _ = begun.begin("new", user="me")
    second, _ = begun.begin("new", user="me")
    behind, may_run = begun.begin("new", user="me")
    assert not may_run

    assert not begun.sign_in(first)

    assert begun.shares.end(first) is None
    assert not begun.sign_in(second)
    assert begun.shares.end(second) is None
    assert begun.shares.end(running) is behind
    assert begun.sign_in(behind)


def test_a_job_that_waits_for_its_credential_runs_when_that_is_unused(begun, known):
    jobs = [begun.begin("token")[0] for _ in range(OF_ONE_CALLER)]
    known["token"] = "me"
    waiting, may_run = begun.begin("token")
    assert not may_run

    assert begun.shares.end(jobs[0]) is waiting


def test_a_job_runs_at_once_when_another_turns_out_to_be_of_another_user(begun, known):
    known["cookie"] = "you"
    first, _ = begun.begin("cookie", user="me")
    begun.begin("cookie")
    waiting, may_run = begun.begin("cookie")
    assert not may_run

    assert begun.shares.admit(first, "me")

    assert list(begun.put) == [waiting]
    assert begun.shares.may_run(waiting)
    assert waiting.caller == "you"


def test_jobs_of_a_known_user_never_count_for_another(begun, known):
    first, _ = begun.begin("a", user="me")
    begun.begin("a", user="me")
    known["b"] = "you"
    waiting, may_run = begun.begin("a", "b")
    assert not may_run

    assert begun.sign_in(first)

    assert begun.shares._held_back.get(waiting, waiting.caller) == "you"


def test_an_end_lets_all_run_that_waited_for_it(begun, known):
    jobs = [begun.begin("token")[0] for _ in range(OF_ONE_CALLER)]
    known.update(a="me", b="you")
    waiting = [begun.begin(name, "token")[0] for name in "ab"]

    assert begun.shares.end(jobs[0]) is waiting[0]
    assert list(begun.put) == [waiting[1]]


def test_nothing_is_put_once_the_threads_end(begun, known):
    known["cookie"] = "you"
    first, _ = begun.begin("cookie", user="me")
    begun.begin("cookie")
    waiting, _ = begun.begin("cookie")
    begun.shares.stop()

    assert begun.shares.admit(first, "me")

    assert not begun.put
    assert begun.shares.end(first) is waiting


def test_a_job_that_waits_for_two_runs_once(begun, known):
    jobs = [begun.begin(name)[0] for name in "ab"]
    waiting, may_run = begun.begin("a", "b")
    assert not may_run

    assert [begun.shares.end(job) for job in jobs] == [waiting, None]
    assert begun.shares.end(waiting) is None
    assert is_empty(begun.shares)


def test_a_job_that_is_let_go_never_runs(begun):
    jobs = [begun.begin("a")[0] for _ in range(OF_ONE_CALLER)]
    waiting, _ = begun.begin("a", "b")

    begun.shares.let_go(waiting)

    assert [begun.shares.end(job) for job in jobs] == [None, None]
    assert is_empty(begun.shares)


# Credentials of two users, and one that signs nobody in.
USERS = {"a": 1, "b": 1, "c": 2, "d": None}
CREDENTIALS = st.lists(st.sampled_from(sorted(USERS)), max_size=2)
STEPS = ("arrive", "arrive", "begin", "begin", "sign in", "end", "give up")


class World(Begun):
    """Jobs that are put, run and refused in an order that hypothesis chooses."""

    def __init__(self, choose):
        super().__init__()
        self.choose = choose
        self.refusals = Shares(lambda job: pytest.fail("a refusal was held back"))
        self.jobs = []
        self.running = []

    def step(self, name):
        if name == "arrive":
            credentials = self.choose(CREDENTIALS)
            users = filter(None, map(USERS.get, credentials))
            self.jobs.append(Job(*credentials, user=next(users, None)))
            self.put.append(self.jobs[-1])
        elif name == "begin" and self.put:
            job = self.put.popleft()
            if self.shares.may_run(job):
                self.run(job)
        elif name == "sign in":
            signing_in = [job for job in self.running if job.user]
            if signing_in:
                self.sign_in(self.choose(st.sampled_from(signing_in)))
        elif name == "end" and self.running:
            self.end(self.choose(st.sampled_from(self.running)))
        elif name == "give up":
            waiting = [job for job in self.jobs if not job.is_taken]
            if waiting:
                self.give_up(self.choose(st.sampled_from(waiting)))

    def run(self, job):
        self.running.append(job)
        job.answers += job.take()

    def end(self, job):
        self.running.remove(job)
        if following := self.shares.end(job):
            self.run(following)

    def give_up(self, job):
        job.take()
        if job.is_held_back:
            self.shares.let_go(job)
        assert self.refusals.may_run(job)
        job.answers += 1
        assert self.refusals.end(job) is None

    def check(self):
        shares = self.shares
        assert shares._running == Counter(shares._caller_of.values())
        assert all(shares._running.get(user, 0) <= OF_ONE_CALLER for user in (1, 2))
        for job, caller in shares._held_back.items():
            # While the threads end, those that may run wait for the next end.
            assert shares._is_stopping or shares._is_full(caller, job.credentials)


@given(data=st.data())
def test_all_jobs_are_answered_once_in_any_order(data):
    with mock.patch.dict(callers._users, clear=True):
        world = World(data.draw)
        for name in data.draw(
            st.lists(st.sampled_from(STEPS), min_size=20, max_size=80)
        ):
            world.step(name)
            world.check()
        if data.draw(st.booleans()):
            world.shares.stop()
        while world.put or world.running:
            world.step("begin")
            world.step("sign in")
            world.step("end")
            world.check()

    assert [job.answers for job in world.jobs] == [1] * len(world.jobs)
    assert is_empty(world.shares)
    assert is_empty(world.refusals)
