"""Django's cache, through which processes share what they know about issuers."""

import time
from collections.abc import Callable
from typing import TypeVar

from config.outages import note_failure, outages

T = TypeVar("T")


def best_effort(call: Callable[[], T]) -> T | None:
    """Return the result of a call to the cache, None if the cache is unavailable."""
    try:
        result = call()
    except Exception as exc:  # each backend raises its own
        note_failure(exc, "cache")
        return None
    outages.worked("cache", now=time.monotonic())
    return result
