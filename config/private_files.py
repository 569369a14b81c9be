"""Permissions of the files that Ownlist writes: only its own system user can read them.

These are the SQLite database, its backups and exports.
"""

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def restrict_new_files() -> None:
    """Make all files that this process creates from now on private."""
    os.umask(OTHERS)


def make_folder(folder: Path) -> None:
    """Create a private folder, or make an existing one private."""
    folder.mkdir(parents=True, exist_ok=True)
    _restrict(folder)


def restrict_database(path: Path) -> None:
    """Make the files of an SQLite database private, as earlier versions did not."""
    for file in database_files(path):
        _restrict(file)


def database_files(path: Path) -> list[Path]:
    """Return the existing files of the SQLite database at `path`."""
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal")
    return [file for name in names if (file := path.with_name(name)).is_file()]


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine have any permission on `path`."""
    return bool(path.stat().st_mode & OTHERS)


def _restrict(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & OTHERS:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
