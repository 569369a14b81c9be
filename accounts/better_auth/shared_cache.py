"""What the processes tell each other of issuers, through Django's cache."""

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


def best_effort(call: Callable[[], Any]) -> Any:
    """Use the shared cache, and do without it where it is away: None then."""
    try:
        return call()
    except Exception:  # every backend fails in its own way
        logger.warning("shared cache away")
        return None
