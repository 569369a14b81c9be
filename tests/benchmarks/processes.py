"""Starting servers, stopping them reliably, and their processor time."""

import atexit
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from tests.patience import PATIENCE

START_TIMEOUT = PATIENCE
STOP_TIMEOUT = 15  # seconds
SERVER_PORTS = range(10_000, 32_000)
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


class StartError(Exception):
    """A server did not start. The text contains the end of its log."""


def free_port() -> int:
    """Return a free port of this machine, which nobody else gets meanwhile.

    The system takes the ports of outgoing connections from a range that is left out
    here. A connection to a port of that range on which nothing listens can even reach
    itself.

    Whoever calls this in any process of this machine gets another port until this
    process ends, also before a server listens and while it is started again.
    """
    while True:
        port = secrets.choice(_server_ports())
        # It never listens, or another process could reach it for a moment.
        with suppress(OSError), socket.socket() as server:
            server.bind(("", port))
            atexit.register(_keep_from_others(port).close)
            return port


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port of 127.0.0.1 that refuses every connection during the block.

    It is bound, so that no server and no outgoing connection of this machine gets it. A
    port that is only free can be taken before a test has connected to it.
    """
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@cache
def _server_ports() -> list[int]:
    try:
        text = OUTGOING.read_text()
    except OSError:
        return [*SERVER_PORTS]
    first, last = map(int, text.split())
    outside = [port for port in SERVER_PORTS if not first <= port <= last]
    return outside or [*SERVER_PORTS]  # a system may take all of them


def _keep_from_others(port: int) -> socket.socket:
    """Return a socket whose name marks the port until it is closed.

    Raise OSError if another process, or this one, has marked it. It belongs to no
    server: abstract names of Linux are seen by all processes, and vanish with the one
    that has bound them. Other systems know none, and go without.
    """
    mark = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":
            mark.bind(f"\0ownlist-port-{port}")
    except OSError:
        mark.close()
        raise
    return mark


@contextmanager
def serving(
    command: list[str], *, port: int, environment: Mapping[str, str], log: Path
) -> Iterator[int]:
    """Run a server during the block, and yield the id of its main process."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # to be stopped as a group
        )
    try:
        _wait_until_ready(process, port, log)
        yield process.pid
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)  # noqa: S310
            return
        except (urllib.error.URLError, OSError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace")
                raise StartError(text[-3_000:]) from error
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server, and kill what is left of its process group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_TIMEOUT)
    with suppress(ProcessLookupError):  # no process is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def parent_of(pid: int) -> int | None:
    """Return the parent process of `pid`, or None without `/proc`."""
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def children_of(pid: int) -> set[int]:
    """Return the running child processes of `pid`; none without `/proc`."""
    return {
        child
        for child, stat in _stats().items()
        if int(stat[1]) == pid and stat[0] != "Z"
    }


def worker_memory(root: int, workers: int) -> list[float]:
    """Return the memory of the largest children of `root` in MiB; [] without `/proc`.

    It is their proportional set size: of a page that several processes share, each has
    its part.
    """
    sizes = [size for pid in children_of(root) if (size := _pss(pid)) is not None]
    return sorted(sizes, reverse=True)[:workers]


def _pss(pid: int) -> float | None:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def listening_sockets(port: int) -> int | None:
    """Return how many IPv4 sockets listen on `port`, or None without `/proc`.

    Each worker of granian has one of its own, which it opens when it is ready.
    """
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return None
    sockets = [line.split()[1:4] for line in lines]  # local, remote, state
    return sum(s[0].endswith(f":{port:04X}") and s[2] == "0A" for s in sockets)


def cpu_seconds(root: int | None) -> float | None:
    """Return the processor time of `root` and all its descendants in seconds.

    User and system time, including ended children. None without `/proc`, as on macOS.
    """
    stats = _stats()
    family = _family(root, stats)
    if not family:
        return None
    ended = sum(int(time) for pid in family for time in stats[pid][13:15])
    return sum(map(_seconds_of, family)) + ended / os.sysconf("SC_CLK_TCK")


def family_of(root: int | None) -> set[int]:
    """Return `root` and all its descendants; none without `/proc`."""
    return _family(root, _stats())


def signal_family(root: int, number: signal.Signals) -> None:
    """Send a signal to `root` and all its descendants; without `/proc` to `root` alone.

    To `root` first, because one that is stopped or killed starts no more. Those that
    end meanwhile are passed over.
    """
    before = family_of(root)
    os.kill(root, number)
    for pid in (before | family_of(root)) - {root}:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _family(root: int | None, stats: dict[int, list[str]]) -> set[int]:
    if root is None or root not in stats:
        return set()
    family, found = {root}, 0
    while len(family) > found:
        found = len(family)
        family |= {pid for pid, stat in stats.items() if int(stat[1]) in family}
    return family


def _seconds_of(pid: int) -> float:
    """Return the processor time of one process, exact to the nanosecond.

    `/proc` shows hundredths of a second, which is too coarse for a short load.
    """
    clock = (~pid << 3) | 2  # as clock_getcpuclockid(3) makes it on Linux
    try:
        return time.clock_gettime(clock)
    except OSError:
        return 0.0  # it has just ended


def _stats() -> dict[int, list[str]]:
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return {pid: stat for pid in pids if (stat := _stat(pid))}


def _stat(pid: int) -> list[str] | None:
    """Return the fields of `/proc/<pid>/stat` from the state on (proc(5), field 3)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
