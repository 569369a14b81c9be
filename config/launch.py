"""Start Ownlist on this machine: what `make run`, `make demo` and `make dev` do.

`python -m config.launch run|demo|dev` completes `.env`, brings database and static
files up to date and then becomes the server, so that a signal reaches the server
itself. HOST, PORT, WORKERS and BASE_URL come from the environment or from `.env`;
the environment wins.
"""

import hashlib
import os
import socket
import sys
from operator import itemgetter
from pathlib import Path
from typing import NoReturn

import environ

from config import dotenv

WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to
MODES = ("run", "demo", "dev")


def main(mode: str) -> NoReturn:
    """Prepare everything, then turn this process into the server."""
    dotenv.main()
    if path := dotenv.env_file():
        environ.Env.read_env(path)
    host, port = _address()
    os.environ.setdefault("BASE_URL", _base_url(host, port))
    if mode == "dev":
        os.environ["DEBUG"] = "true"
    _refuse_taken_port(host, port)
    _prepare(with_demo=mode == "demo")
    print(f"Ownlist is at {os.environ['BASE_URL']} - stop it with Ctrl-C.", flush=True)
    command = _debug_server if mode == "dev" else _server
    os.execv(sys.executable, [sys.executable, *command(host, port)])  # noqa: S606 - no shell is the point


def _address() -> tuple[str, int]:
    """Return where to listen: HOST and PORT, by default 127.0.0.1 and 8000."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return host.strip("[]"), int(port)


def _base_url(host: str, port: int) -> str:
    """Return the address to type into a browser on this machine."""
    name = "127.0.0.1" if host in WILDCARDS else _in_url(host)
    return f"http://{name}:{port}"


def _in_url(host: str) -> str:
    """Return `host` as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _refuse_taken_port(host: str, port: int) -> None:
    """Stop with a plain message when the server could not listen.

    The server itself would share the port with another copy of itself, and the two
    would take turns answering.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        sys.exit(
            f"Can't listen on {_in_url(host)}:{port}: {error.strerror or error}.\n"
            f"Choose another port, for example: make run PORT={port + 1}"
        )


def _prepare(*, with_demo: bool) -> None:
    """Bring database and static files up to date; on request, make the demo account."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        _collect_static()
    if with_demo:
        call_command("demo")


def _collect_static() -> None:
    """Collect and compress the static files, unless they are the same as last time.

    Compressing takes seconds, and is most of a start.
    """
    from django.conf import settings
    from django.core.management import call_command

    root = Path(settings.STATIC_ROOT)
    stamp = root.with_suffix(".sha256")
    fingerprint = _static_fingerprint()
    if root.is_dir() and stamp.is_file() and stamp.read_text() == fingerprint:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(fingerprint)


def _static_fingerprint() -> str:
    """Return a digest of path, size and time of every file to collect."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=itemgetter(0)):
            path = storage.path(name)
            status = os.stat(path)
            digest.update(repr((path, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def _server(host: str, port: int) -> list[str]:
    """Return the command line of the server.

    More than two threads for each process gain nothing here: Python runs one at a
    time. The long queue is for many clients that arrive at once.
    """
    return [
        "-m",
        "granian",
        "--interface=wsgi",
        f"--host={host}",
        f"--port={port}",
        f"--workers={os.environ.get('WORKERS') or _processors()}",
        "--blocking-threads=2",
        "--backlog=2048",
        "--no-access-log",
        "--no-ws",
        # A worker that is stopped while it still starts may never notice.
        "--workers-kill-timeout=10",
        "config.wsgi:application",
    ]


def _debug_server(host: str, port: int) -> list[str]:
    """Return the command line of Django's own server, which reloads changed code."""
    return ["manage.py", "runserver", f"{_in_url(host)}:{port}"]


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    if sys.argv[1:2] not in ([mode] for mode in MODES):
        sys.exit(f"usage: python -m config.launch {'|'.join(MODES)}")
    main(sys.argv[1])
