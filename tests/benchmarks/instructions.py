"""Executed instructions, which do not depend on how busy the machine is.

`perf stat` counts them where the processor and the system allow it; virtual machines
often don't.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

STOP_TIMEOUT = 15  # seconds
EVENT = "instructions:u"


@contextmanager
def counted(
    pids: Iterable[int], *, event: str = EVENT
) -> Iterator[Callable[[], float | None]]:
    """Count the instructions of these processes, and of their new children.

    Yields a function that returns the count after the block, None if nothing can count.
    """
    program = shutil.which("perf")
    if program is None:
        yield lambda: None
        return
    found: list[float | None] = [None]
    orders, order = os.pipe()
    answers, answer = os.pipe()
    perf = subprocess.Popen(
        [
            *(program, "stat", "--field-separator=,", f"--event={event}"),
            *("--delay=-1", f"--control=fd:{orders},{answer}"),
            f"--pid={','.join(map(str, pids))}",
        ],
        pass_fds=(orders, answer),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C"},
        text=True,
    )
    os.close(orders)
    os.close(answer)
    try:
        with suppress(BrokenPipeError):
            os.write(order, b"enable\n")
        os.read(answers, 16)  # it counts now, or has ended
        yield lambda: found[0]
    finally:
        perf.send_signal(signal.SIGINT)  # then it prints
        _, printed = perf.communicate(timeout=STOP_TIMEOUT)
        os.close(order)
        os.close(answers)
        found[0] = read(printed, event)


def read(printed: str, event: str = EVENT) -> float | None:
    """Return the count that `perf stat` printed, None if it is not supported."""
    for line in printed.splitlines():
        count, _, name, *_ = [*line.split(","), "", "", ""]
        if name == event and count.replace(".", "", 1).isdigit():
            return float(count)
    return None
