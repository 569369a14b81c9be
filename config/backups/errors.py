"""What prevents a backup or a restore, in words for the operator."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError


class BackupError(Exception):
    """The text says what is wrong and what to do, for the operator."""


@contextmanager
def ending_plainly() -> Iterator[None]:
    """End a command without a traceback, also where nothing better can be said.

    Raises:
        CommandError: instead of a BackupError, and of errors of files and databases.
    """
    try:
        yield
    except BackupError as exc:
        raise CommandError(str(exc)) from exc
    except OSError as exc:
        name = f"{exc.filename}: " if exc.filename else ""
        raise CommandError(
            f"{name}{exc.strerror or exc}. Look at the disks and at who may use them."
        ) from exc
    except (DatabaseError, InterfaceError) as exc:
        raise CommandError(
            f"The database failed ({type(exc).__name__}). Run manage.py doctor, which"
            " says what to do; --traceback shows where it failed."
        ) from exc
