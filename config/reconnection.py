"""Connecting with other settings for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def reconnected(**changes: Any) -> Iterator[None]:
    """Let this thread's connection use other settings of the database inside."""
    settings: dict[str, Any] = connection.settings_dict
    before = {name: settings[name] for name in changes}
    connection.close()
    settings.update(changes)
    try:
        yield
    finally:
        connection.close()
        settings.update(before)
