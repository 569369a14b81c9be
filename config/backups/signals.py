"""How a command ends when it is stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Also the end of the terminal, such as when a connection by SSH breaks.
ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cleaning_up_on_signals() -> Iterator[None]:
    """End by an exception on a signal that ends, so that unfinished files are removed.

    A SIGHUP that is ignored stays ignored, which `nohup` relies on.
    """
    before = {
        number: signal.signal(number, lambda number, _: sys.exit(128 + number))
        for number in ENDING
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
