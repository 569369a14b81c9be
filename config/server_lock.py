"""A lock that shows whether a server runs on an SQLite database.

SQLite itself shows only connections that are open, and a server opens one with its
first request. So the server also locks a file beside the database. The system releases
the lock with the last process of the server, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Locked(Exception):
    """Another process holds the lock."""


def hold(database: Path) -> None:
    """Hold the lock of a server until this process and its children have ended.

    Raises:
        Locked: the database is being replaced.
    """
    try:
        descriptor = _open(database)
    except OSError:
        return  # a folder that is not writable, where nothing can be replaced either
    _lock(descriptor, fcntl.LOCK_SH)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Let no server start on the database inside.

    Raises:
        Locked: one is running.
    """
    descriptor = _open(database)
    try:
        _lock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(database: Path) -> int:
    """Open the file for the lock, which stays: two could be held if it was deleted.

    It is beside the database itself, not beside a symbolic link to it.
    """
    database = database.resolve()
    path = database.with_name(f"{database.name}.lock")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, kind: int) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise Locked from exc
    except OSError:  # a file system without locks
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
