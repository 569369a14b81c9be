"""Checks of the machine: free disk, and who can read the files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from config.checks import check_private_files
from config.doctor.findings import Finding, error, ok, warning
from config.doctor.system_checks import as_finding
from config.private_files import database_files, is_open_to_others, user_name

MIB = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MIB, 100 * MIB  # of free disk


def check_disk() -> Iterator[Finding]:
    """Check the free disk of the folders that Ownlist writes to."""
    folders: dict[str, Path | str] = {
        "VAR_DIR": settings.VAR_DIR,
        "temporary files": tempfile.gettempdir(),
    }
    if database := _sqlite_file():
        folders["the SQLite database"] = database.parent
    for name, folder in folders.items():
        yield _free_disk(name, Path(folder))


def _free_disk(name: str, folder: Path) -> Finding:
    if not folder.is_dir():
        return warning(
            f"The folder of {name} does not exist: {folder}",
            "manage.py collectstatic creates VAR_DIR. Else correct the path.",
        )
    if not os.access(folder, os.W_OK):
        return error(
            f"This user can't write to the folder of {name}: {folder}",
            "Run this as the user of the service, or give that user the folder.",
        )
    free = shutil.disk_usage(folder).free
    text = f"{free // MIB} MiB are free for {name}: {folder}"
    if free < TOO_LITTLE:
        return error(text, "Free some disk at once: writes are about to fail.")
    if free < LITTLE:
        return warning(text, "Free some disk, or move the folder.")
    return ok(text)


def check_files() -> Iterator[Finding]:
    """Check that only the user of the service can read secrets and tasks."""
    messages = list(check_private_files())
    yield from map(as_finding, messages)
    secrets = Path(settings.ENV_FILE) if settings.ENV_FILE else None
    if secrets and secrets.is_file() and is_open_to_others(secrets):
        yield warning(
            f"Other users of this machine can read the secrets: {secrets}",
            f"chmod 600 {secrets}",
        )
    elif not messages:
        yield ok("Other users of this machine can read neither secrets nor tasks.")
    yield from _examine_owners()


def _examine_owners() -> Iterator[Finding]:
    """Look for what another user, such as root, has written among our files."""
    written = list(_written_files())
    others = [path for path in written if path.lstat().st_uid != os.geteuid()]
    closed = [path for path in written if not _is_usable(path)]
    own = f"chown -R {user_name(os.geteuid())}: {settings.VAR_DIR}"
    if closed and closed[0] != settings.VAR_DIR:  # of which `check_disk` tells
        yield error(
            f"This user can't use {closed[0]}",
            f"If this is the user of the service, run as root: {own}",
        )
    elif others:
        yield warning(
            f"Another user than this one owns {others[0]}",
            "Run the doctor and all commands as the user of the service. If this is"
            f" that user, run as root: {own}",
        )


def _is_usable(path: Path) -> bool:
    """Whether this user can write into a folder, or read a file."""
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.R_OK)


def _written_files() -> Iterator[Path]:
    """Yield what Ownlist has written: database, backups and static files."""
    if database := _sqlite_file():
        yield from database_files(database)
    if settings.VAR_DIR.is_dir():
        yield settings.VAR_DIR
    for top in (settings.VAR_DIR / "backups", Path(settings.STATIC_ROOT)):
        for folder, _, names in os.walk(top):
            yield Path(folder)
            yield from (Path(folder, name) for name in names)


def _sqlite_file() -> Path | None:
    database = settings.DATABASES["default"]
    is_file = database["ENGINE"] == "config.sqlite" and database["NAME"] != ":memory:"
    return Path(database["NAME"]).resolve() if is_file else None
