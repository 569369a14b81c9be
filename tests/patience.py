"""How long tests wait before they fail, and how they wait.

For something that takes milliseconds or seconds on an idle machine. Another machine may
be five times as slow, and busy; a test that passes never waits for so long.
"""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 240  # seconds
# Between two looks, and of what may not happen, or happens again and again. A slow
# machine can't fail a test by it.
MOMENT = 0.05
ATTEMPT = 5  # seconds for one attempt of a wait that tries again

Value = TypeVar("Value")


def until(condition: Callable[[], Value], said: Callable[[], object] = str) -> Value:
    """Wait until the condition is true, and return what it returned.

    `said` returns what the test fails with if it never becomes true.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain {said()}"
        time.sleep(MOMENT)
    return found
