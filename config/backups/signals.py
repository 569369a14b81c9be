"""How a command ends when it is stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cleaning_up_on_sigterm() -> Iterator[None]:
    """End by an exception on SIGTERM, so that unfinished files are removed."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
