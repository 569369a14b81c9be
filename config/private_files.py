"""What Ownlist writes to the disk is readable for the user it runs as, and nobody else.

That is the database with everyone's tasks, its backups and exports.
"""

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_to_ourselves() -> None:
    """Keep what this process creates from now on from all other users."""
    os.umask(OTHERS)


def make_folder(folder: Path) -> None:
    """Make a folder of ours, or close one that an earlier version left open."""
    folder.mkdir(parents=True, exist_ok=True)
    _close(folder)


def close_database(path: Path) -> None:
    """Close the files of an SQLite database that an earlier version left open."""
    for file in database_files(path):
        _close(file)


def database_files(path: Path) -> list[Path]:
    """Return which files of the SQLite database at `path` exist."""
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal")
    return [file for name in names if (file := path.with_name(name)).is_file()]


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine may do anything with `path`."""
    return bool(path.stat().st_mode & OTHERS)


def _close(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & OTHERS:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
