"""Django's cache, through which processes share what they know about issuers."""

import logging
from collections.abc import Callable
from typing import TypeVar

logger = logging.getLogger(__name__)


T = TypeVar("T")


def best_effort(call: Callable[[], T]) -> T | None:
    """Return the result of a call to the cache, None if the cache is unavailable."""
    try:
        return call()
    except Exception:  # each backend raises its own
        logger.warning("shared cache unavailable")
        return None
