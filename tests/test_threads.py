"""Event loops of tests, beside that of Playwright."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.threads import run_async

HERE = Path(__file__)


def test_runs_beside_another_event_loop():
    async def inner():
        return 1

    async def outer():
        return run_async(inner())

    # In a thread too, as Playwright may have one running in this.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, outer()).result() == 1


def test_no_test_runs_an_event_loop_in_the_thread_of_the_tests():
    # Whether Playwright was started before depends on the order of the tests.
    found = [
        path.name
        for path in HERE.parent.rglob("test_*.py")
        if path != HERE and "asyncio.run(" in path.read_text()
    ]

    assert not found
