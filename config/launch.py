"""Start Ownlist on this machine: `make run`, `make demo` and `make dev`.

`python -m config.launch run|demo|dev` completes `.env`, updates the database and the
static files and then becomes the server; `prepare` instead ends before that. HOST,
PORT, WORKERS and BASE_URL are read from the environment, or else from `.env`.
"""

import hashlib
import os
import signal
import sys
from operator import itemgetter
from pathlib import Path

from config import connection_failures, dotenv, private_files
from config.server import address, in_url, refuse_taken_port

WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - only compared with
MODES = ("run", "demo", "dev", "prepare")


def main(mode: str) -> None:
    """Prepare everything, then replace this process with the server."""
    # Without a handler, the first process of a container ignores the signal.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    private_files.restrict_new_files()
    connection_failures.explain_at_the_end()
    dotenv.main()
    dotenv.load()
    host, port = address()
    os.environ.setdefault("BASE_URL", _base_url(host, port))
    if mode == "dev":
        os.environ["DEBUG"] = "true"
    if mode != "prepare":
        refuse_taken_port()
    _prepare(with_demo=mode == "demo")
    if mode == "prepare":
        return
    print(_invitation(mode), flush=True)
    server = ["-m", "config.server"]
    if mode == "dev":
        server = ["manage.py", "runserver", f"{in_url(host)}:{port}"]
    # The server replaces this process, so signals reach the server itself.
    os.execv(sys.executable, [sys.executable, *server])  # noqa: S606


def _invitation(mode: str) -> str:
    """Return the last line before the server starts: what to do next."""
    from accounts.models import User

    url = os.environ["BASE_URL"]
    if mode == "demo":
        return f"Open {url} and sign in to the demo account. Ctrl-C stops the server."
    if User.objects.exists():
        return f"Open {url} and sign in. Ctrl-C stops the server."
    return f"Open {url}/accounts/signup/ and make an account. Ctrl-C stops the server."


def _base_url(host: str, port: int) -> str:
    """Return the URL of the server for a browser on this machine."""
    name = "127.0.0.1" if host in WILDCARDS else in_url(host)
    return f"http://{name}:{port}"


def _prepare(*, with_demo: bool) -> None:
    """Update database and static files, and create the demo account if wanted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.conf import settings
    from django.core.management import call_command

    _prepare_folder(settings.VAR_DIR)
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        _collect_static()
    if with_demo:
        call_command("demo")


def _prepare_folder(folder: Path) -> None:
    """Create the data directory and restrict files that earlier versions left open.

    An existing directory that was configured may hold other files, so its mode is not
    changed. `config.checks` warns if other users can read the database there.
    """
    from django.conf import settings

    database = settings.DATABASES["default"]
    if folder == settings.BASE_DIR / "var" or not folder.exists():
        private_files.make_folder(folder)
    if database["ENGINE"] == "config.sqlite":
        private_files.restrict_database(Path(database["NAME"]))


def _collect_static() -> None:
    """Collect and compress the static files, unless they have not changed.

    Compressing takes seconds, which is most of the time to start.
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
    """Return a digest of path, size and modification time of all static files."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=itemgetter(0)):
            path = storage.path(name)
            status = os.stat(path)
            digest.update(repr((path, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    if sys.argv[1:2] not in ([mode] for mode in MODES):
        sys.exit(f"usage: python -m config.launch {'|'.join(MODES)}")
    main(sys.argv[1])
