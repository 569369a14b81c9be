"""A real PgBouncer in front of the PostgreSQL of the tests, if it is installed."""

import os
import pwd
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.processes import free_port
from tests.patience import ATTEMPT, until

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
CONFIGURATION = """\
[databases]
{name} = host={host} port={server_port} dbname={name} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 4
server_login_retry = 1
{more}
"""


def find() -> str | None:
    """Return the path of the program, None if it is not installed."""
    return shutil.which("pgbouncer", path=PATH)


@contextmanager
def running(folder: Path, database: dict, *, mode="transaction", more=""):
    """Run PgBouncer for a database of Django's settings, and yield its port."""
    program, port = find(), free_port()
    assert program is not None
    file = folder / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(
            name=database["NAME"],
            host=database["HOST"] or "127.0.0.1",
            server_port=database["PORT"] or 5432,
            user=database["USER"],
            password=database["PASSWORD"],
            port=port,
            mode=mode,
            more=more,
        )
    )
    command = [program, str(file)]
    identity = {}
    if os.geteuid() == 0:  # as which it refuses to run
        nobody = pwd.getpwnam("nobody")
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(file, nobody.pw_uid, nobody.pw_gid)
        command = [program, "/dev/stdin"]
    with file.open("rb") as configuration, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=configuration, stdout=log, stderr=log, **identity
        )
    try:
        until(lambda: _accepts(port, process, folder / "log"))
        yield port
    finally:
        process.kill()
        process.wait()


def _accepts(port, process, log):
    if process.poll() is not None:
        raise RuntimeError(log.read_text(errors="replace"))
    try:
        socket.create_connection(("127.0.0.1", port), timeout=ATTEMPT).close()
    except OSError:
        return False
    return True
