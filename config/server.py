"""The server with the options Ownlist runs it with: `python -m config.server`.

HOST, PORT and WORKERS come from the environment or from `.env`; the environment wins.
More options of granian can follow on the command line.
"""

import os
import signal
import sys

from config import dotenv, private_files


def address() -> tuple[str, int]:
    """Return where to listen: HOST and PORT, by default 127.0.0.1 and 8000."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return host.strip("[]"), int(port)


def options() -> list[str]:
    """Return the command line of granian, without its name.

    The long queue is for many clients at once.
    """
    host, port = address()
    return [
        "--interface=rsgi",
        "--http=1",
        f"--host={host}",
        f"--port={port}",
        f"--workers={os.environ.get('WORKERS') or _processors()}",
        "--backlog=2048",
        "--no-access-log",
        "--no-ws",
        # A head over this is refused by the server itself. `config.front` refuses a
        # smaller one, in proper form.
        "--http1-buffer-size=65536",
        # A worker that is told to stop while it still starts may never notice.
        "--workers-kill-timeout=10",
        # Else one dead worker ends the whole service.
        "--respawn-failed-workers",
        "config.rsgi:application",
    ]


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> None:
    """Become granian's main process."""
    from granian.cli import entrypoint

    private_files.keep_to_ourselves()
    dotenv.load()
    os.register_at_fork(after_in_child=_leave_ctrl_c_to_the_main_process)
    sys.argv[1:] = sys.argv[1:] + options()
    entrypoint()  # type: ignore[no-untyped-call]


def _leave_ctrl_c_to_the_main_process() -> None:
    """Keep the terminal's signal from this process, a worker.

    Ctrl-C reaches every process of the terminal, and the main process then stops its
    workers with another signal. The two together make granian's worker hang.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    # Where processes are not forked, a worker imports the main module anew.
    _leave_ctrl_c_to_the_main_process()
