"""A process that gets more requests than it can serve refuses those that wait long."""

import asyncio
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from django.conf import settings

from config.api.problems import Unavailable
from config.front import WAIT_MAX, Front
from config.front.answers import REFUSAL
from config.front.shares import OF_ONE_CALLER
from config.front.threads import THREADS
from config.outages import outages
from tests.front.requests import Request
from tests.patience import PATIENCE
from tests.threads import run_async


@pytest.fixture
def busy():
    """An application whose first requests take until `now` is later."""
    state = SimpleNamespace(now=0.0, running=0, all_run=None, may_end=threading.Event())

    def application(environ, start_response):
        if environ["PATH_INFO"] == "/slow" and REFUSAL not in environ:
            state.loop.call_soon_threadsafe(state.begun)
            state.may_end.wait(PATIENCE)
        refusal = environ.get(REFUSAL)
        start_response(f"{refusal.status_code if refusal else 200} X", [])
        return [b""]

    def begun():
        state.running += 1
        if state.running == THREADS:
            state.all_run.set()

    state.application, state.begun = application, begun
    return state


def answers(busy, paths, *, waited):
    """Send requests while all threads are busy for `waited` seconds."""
    return run_async(_answers(busy, paths, waited))


async def _answers(busy, paths, waited):
    async with all_busy(busy) as (front, slow):
        late = [Request(path) for path in paths]
        tasks = [asyncio.create_task(front.__rsgi__(r.scope, r)) for r in late]
        await asyncio.sleep(0)  # until they are received
        busy.now += waited
        busy.may_end.set()
        await asyncio.gather(*tasks)
    return [request.status for request in slow + late]


@asynccontextmanager
async def all_busy(busy):
    """Run a server whose threads all wait until `busy.may_end` is set."""
    busy.loop, busy.all_run = asyncio.get_running_loop(), asyncio.Event()
    front = Front(busy.application, clock=lambda: busy.now)
    front.__rsgi_init__(busy.loop)
    slow = [Request("/slow") for _ in range(THREADS)]
    tasks = [asyncio.create_task(front.__rsgi__(r.scope, r)) for r in slow]
    await busy.all_run.wait()
    try:
        yield front, slow
    finally:
        busy.may_end.set()
        await asyncio.gather(*tasks)
        front.__rsgi_del__(busy.loop)


def test_a_request_that_waited_long_is_refused(busy):
    *slow, late = answers(busy, ["/"], waited=WAIT_MAX + 0.1)

    assert slow == [200] * THREADS
    assert late == Unavailable.status_code


def test_a_request_that_waited_less_is_served(busy):
    assert answers(busy, ["/"], waited=WAIT_MAX)[-1] == 200


def test_a_request_that_no_thread_takes_is_refused_in_time(busy):
    async def refused():
        async with all_busy(busy) as (front, slow):
            late = [Request("/") for _ in range(2)]
            tasks = [asyncio.create_task(front.__rsgi__(r.scope, r)) for r in late]
            await asyncio.sleep(0)  # until they are received
            busy.now += WAIT_MAX + 0.1
            front._patience.look()
            await asyncio.wait_for(asyncio.gather(*tasks), 30)
            assert not busy.may_end.is_set()
        return [request.status for request in slow + late]

    assert run_async(refused()) == [200] * THREADS + [503, 503]


def test_no_outage_is_logged_for_a_request_that_waits_for_its_caller(busy):
    mine = {"cookie": f"{settings.SESSION_COOKIE_NAME}=mine"}

    async def refused():
        busy.loop, busy.all_run = asyncio.get_running_loop(), asyncio.Event()
        front = Front(busy.application, clock=lambda: busy.now)
        front.__rsgi_init__(busy.loop)
        slow = [Request("/slow", mine) for _ in range(OF_ONE_CALLER)]
        late, other = Request("/", mine), Request("/")
        begun = [asyncio.create_task(front.__rsgi__(r.scope, r)) for r in [*slow, late]]
        # The other one was received last, so the one before it is held back.
        await asyncio.wait_for(front.__rsgi__(other.scope, other), 5)
        waiting = [front._threads.waiting()]
        busy.now += WAIT_MAX + 0.1
        front._patience.look()
        await asyncio.wait_for(begun.pop(), 5)
        waiting.append(front._threads.waiting())
        busy.may_end.set()
        await asyncio.gather(*begun)
        front.__rsgi_del__(busy.loop)
        assert (late.status, other.status) == (503, 200)
        return waiting

    outages.forget()
    assert run_async(refused()) == [1, 0]
    assert not outages


def test_nothing_is_remembered_of_requests_that_have_ended(busy):
    async def remembered():
        async with all_busy(busy) as (front, _):
            pass
        front._patience.look()
        return front._patience._waiting

    assert not run_async(remembered())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_of_a_busy_process_is_answered_before_the_others(busy, path):
    async def probe():
        async with all_busy(busy) as (front, _):
            request = Request(path)
            await asyncio.wait_for(front.__rsgi__(request.scope, request), 5)
            assert not busy.may_end.is_set()
            return request.status

    assert run_async(probe()) == 200


def test_readiness_that_is_slow_delays_nobody_else(busy, monkeypatch):
    monkeypatch.setattr("config.front.READINESS", "/slow")

    async def others():
        busy.loop, busy.begun = asyncio.get_running_loop(), lambda: None
        front = Front(busy.application, clock=lambda: busy.now)
        front.__rsgi_init__(busy.loop)
        first, second = [Request("/slow") for _ in range(2)]
        tasks = [
            asyncio.create_task(front.__rsgi__(r.scope, r)) for r in [first, second]
        ]
        requests = [Request("/healthz"), Request("/")]
        for request in requests:
            await asyncio.wait_for(front.__rsgi__(request.scope, request), 5)
        busy.now += WAIT_MAX + 0.1
        front._patience.look()
        await asyncio.wait_for(tasks[1], 5)
        assert not busy.may_end.is_set()
        busy.may_end.set()
        await tasks[0]
        front.__rsgi_del__(busy.loop)
        return [request.status for request in [*requests, second]]

    outages.forget()
    assert run_async(others()) == [200, 200, 503]
    assert not outages


def test_an_overload_is_logged_once(busy, caplog):
    outages.forget()

    answers(busy, ["/", "/", "/"], waited=WAIT_MAX + 1)

    lines = [one for one in caplog.records if one.name == "config.outages"]
    assert [(one.levelname, one.part, one.reason) for one in lines] == [
        ("ERROR", "threads", "all busy")
    ]
