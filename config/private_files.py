"""Permissions of the files that Ownlist writes: only its own system user can read them.

These are the SQLite database, its backups and exports.
"""

import os
import shlex
import stat
import sys
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def restrict_new_files() -> None:
    """Make all files that this process creates from now on private."""
    os.umask(OTHERS)


def refuse_root() -> None:
    """Exit if root would write into the data of another user.

    That user could no longer write the next backup there, or the next static files.
    """
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    if os.name != "posix" or os.geteuid() != 0:
        return
    try:
        folder: Path = settings.VAR_DIR
    except (ImproperlyConfigured, ImportError):
        return  # which Django reports
    if not folder.exists():
        return
    if owner := folder.stat().st_uid:
        name = user_name(owner)
        sys.exit(
            f"{folder} belongs to {name}, who could not use what root writes there. Run"
            f" this as that user:\n  {shlex.join([*_becoming(name), *_command()])}"
        )


def _becoming(user: str) -> list[str]:
    """Return the command by which root runs another one as `user`."""
    if user.isdecimal():  # without a name here, as of a container: unknown to `runuser`
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return ["runuser", "-u", user, "--"]


def user_name(number: int) -> str:
    """Return the name of a system user, or the number if it has none."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]


def make_folder(folder: Path) -> None:
    """Create a private folder, or make an existing one private."""
    folder.mkdir(parents=True, exist_ok=True)
    _restrict(folder)


def restrict_database(path: Path) -> None:
    """Make the files of an SQLite database private, as earlier versions did not."""
    for file in database_files(path):
        _restrict(file)


def database_files(path: Path) -> list[Path]:
    """Return the existing files of the SQLite database at `path`.

    SQLite writes them beside the database itself, not beside a symbolic link to it.
    """
    path = path.resolve()
    names = (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal")
    return [file for name in names if (file := path.with_name(name)).is_file()]


def is_open_to_others(path: Path) -> bool:
    """Whether other users of this machine have any permission on `path`."""
    return bool(path.stat().st_mode & OTHERS)


def _restrict(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & OTHERS:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
