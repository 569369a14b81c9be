"""The name of PostgreSQL's host can't be looked up, and all connections are new."""

import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from tests.deploy.instances import Instances
from tests.faults.conftest import PLAIN

pytestmark = pytest.mark.faults

PART = "DNS"
NAME = "db.ownlist.test"
# A server for names that only the instances of this module ask.
RESOLVER = "127.53.53.53"
KNOWN = f"127.0.0.1 localhost {NAME}\n"
UNKNOWN = "127.0.0.1 localhost\n"


class NamedInstances(Instances):
    """Instances with files of their own in place of /etc/hosts and /etc/resolv.conf."""

    def __init__(self, directory, **environ):
        super().__init__(directory, count=1, **environ)
        self.hosts = directory / "hosts"
        self.hosts.write_text(KNOWN)
        resolver = directory / "resolv.conf"
        resolver.write_text(f"nameserver {RESOLVER}\n")
        mounts = [
            f"mount --bind {self.hosts} /etc/hosts",
            f"mount --bind {resolver} /etc/resolv.conf",
        ]
        script = " && ".join([*mounts, 'exec "$@"'])
        self.prefix = ["unshare", "--mount", "sh", "-c", script, "sh"]

    def __enter__(self):
        # The database is migrated, and commands would not find it by that name.
        (self.directory / "uploads").mkdir()
        for port in self.ports:
            self.start(port)
        return self

    @contextmanager
    def unknown_host(self):
        """Let nobody know the address of PostgreSQL during the block."""
        self.hosts.write_text(UNKNOWN)
        try:
            yield
        finally:
            self.hosts.write_text(KNOWN)


@pytest.fixture(scope="module")
def instances(prepared, tmp_path_factory):
    directory = tmp_path_factory.mktemp("instances")
    urls = {key: url.replace("127.0.0.1", NAME) for key, url in prepared.items()}
    urls["MIGRATION_DATABASE_URL"] = prepared["MIGRATION_DATABASE_URL"]
    running = NamedInstances(directory, **PLAIN, **urls, WORKERS="2")
    program = [*running.prefix, "true"]
    if not shutil.which("unshare") or subprocess.run(program, check=False).returncode:
        pytest.skip("this user can't mount files of its own over /etc/hosts")
    with running:
        running.wait_for_workers(running.ports[0])
        yield running


@pytest.mark.parametrize("is_silent", [False, True], ids=["refuses", "never answers"])
def test_no_address_is_known(fault, instances, postgresql, is_silent):
    how = "never answers" if is_silent else "refuses"
    with (
        fault(f"{how} for 15 s, and all sessions end", instances) as load,
        instances.unknown_host(),
        ExitStack() as stack,
    ):
        if is_silent:
            silent = stack.enter_context(
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            )
            silent.bind((RESOLVER, 53))
        with psycopg.connect(postgresql.url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'ownlist_app'"
            )
        load.wait_for_requests(300)
