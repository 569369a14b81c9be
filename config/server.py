"""Run the server, granian, with our options: `python -m config.server`.

HOST, PORT and WORKERS are read from the environment, or else from `.env`. More options
of granian can be given on the command line.
"""

import gc
import importlib
import multiprocessing
import os
import signal
import socket
import sys
from pathlib import Path

from config import dotenv, private_files, server_lock

APPLICATION = "config.rsgi"


def address() -> tuple[str, int]:
    """Return HOST and PORT to listen on, by default 127.0.0.1 and 8000."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return host.strip("[]"), int(port)


def refuse_taken_port() -> None:
    """Exit with a clear message if HOST and PORT can't be listened on.

    Granian itself would share the port with the server that has it, perhaps of another
    database, and each of them would answer some of the requests.
    """
    host, port = address()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        # Without the address, which `create_server` adds in brackets.
        reason = str(error.strerror or error).partition(" (while")[0]
        sys.exit(
            f"Can't listen on {in_url(host)}:{port}: {reason}.\n"
            # The next one is often that of a second instance.
            f"Stop what listens there, or choose another port, such as PORT={port + 2}."
        )


def in_url(host: str) -> str:
    """Return `host` as it is written in a URL: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def options() -> list[str]:
    """Return the command-line options for granian."""
    host, port = address()
    return [
        "--interface=rsgi",
        "--http=1",
        "--loop=uvloop",  # 4 % less processor time than the loop of asyncio
        f"--host={host}",
        f"--port={port}",
        f"--workers={os.environ.get('WORKERS') or _processors()}",
        "--backlog=2048",  # for many clients that connect at once
        "--no-access-log",
        "--log-level=warning",  # not the start and stop of each worker
        "--no-ws",
        # The server itself refuses larger headers. `config.front` has a lower limit,
        # and refuses with a problem document.
        "--http1-buffer-size=65536",
        # A worker that is told to stop while it is starting may never notice.
        "--workers-kill-timeout=10",
        # Otherwise one dead worker ends the whole service.
        "--respawn-failed-workers",
        f"{APPLICATION}:application",
    ]


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> None:
    """Run granian in this process."""
    from granian.cli import entrypoint

    private_files.restrict_new_files()
    dotenv.load()
    _refuse_unusable_urls()
    refuse_taken_port()
    os.register_at_fork(after_in_child=_block_sigint)
    _load_before_fork()
    _hold_database()
    _start_metrics()
    sys.argv[1:] = sys.argv[1:] + options()
    entrypoint()  # type: ignore[no-untyped-call]


def _refuse_unusable_urls() -> None:
    """Exit with a message that names the setting, before a part fails with its value.

    The other system checks have run with `migrate`, before the start.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config import checks

    for check in checks.OF_URLS:
        for message in check():
            sys.exit(f"{message.msg} {message.hint}")


def _load_before_fork() -> None:
    """Load the application once, for all workers, which then share its memory.

    Where processes are not forked, each worker loads it.
    """
    if multiprocessing.get_start_method() != "fork":
        return
    gc.disable()  # it would look at all the new objects again and again
    importlib.import_module(APPLICATION)
    gc.freeze()  # it would write to them, and so copy the shared memory
    gc.enable()


def _hold_database() -> None:
    """Show `manage.py restore` that a server runs on this SQLite database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"] != "config.sqlite":
        return
    try:
        server_lock.hold(Path(database["NAME"]))
    except server_lock.Locked:
        sys.exit("The database is being restored. Start the server after that.")


def _start_metrics() -> None:
    """Serve metrics, if METRICS_ADDRESS says where."""
    from django.conf import settings

    if not settings.METRICS_ADDRESS:
        return
    if multiprocessing.get_start_method() != "fork":
        sys.exit("METRICS_ADDRESS needs a system that forks processes, such as Linux.")
    from config.metrics import serving

    serving.start(settings.METRICS_ADDRESS)


def _block_sigint() -> None:
    """Block SIGINT in this process, which is a worker.

    Ctrl-C reaches every process of the terminal, and then the main process stops its
    workers with another signal. Both together make a worker of granian hang.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    # Where processes are not forked, each worker imports the main module again.
    _block_sigint()
