"""The tasks of a user, and their history, in the archive of everything."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from accounts import archive
from accounts.models import User
from config.chunks import in_chunks
from todos.exports import json, markdown
from todos.exports.rows import EVERYTHING
from todos.models import Change, ImportFile

CHANGES = 250  # in memory at once: each can hold the notes of a task twice
COLUMNS_OF_CHANGES = (
    *("id", "seq", "at", "entity", "entity_id", "kind", "before", "after"),
    *("credential", "batch"),
)
COLUMNS_OF_IMPORTS = (
    *("name", "format", "mapping", "report", "created_at", "imported_at", "batch"),
)


def _tasks(user: User) -> Iterator[bytes]:
    return json.write(user, EVERYTHING)


def _checklist(user: User) -> Iterator[bytes]:
    return markdown.write(user, EVERYTHING)


def _history(user: User) -> Iterator[bytes]:
    """Yield the changes as JSON, one on each line."""
    changes = Change.objects.owned_by(user).values(*COLUMNS_OF_CHANGES)
    before = b"[\n"
    for change in in_chunks(changes, by="seq", size=CHANGES):
        yield before + orjson.dumps(change, option=orjson.OPT_UTC_Z)
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _last_import(user: User) -> Iterator[bytes]:
    for row in ImportFile.objects.owned_by(user).values(*COLUMNS_OF_IMPORTS):
        yield orjson.dumps(row, option=orjson.OPT_UTC_Z)


def _imported_file(user: User) -> Iterator[bytes]:
    """Yield the last file that was uploaded, until it is imported."""
    for content in ImportFile.objects.owned_by(user).values_list("content", flat=True):
        if content:
            yield bytes(content)


def register() -> None:
    """Add these parts to the archive."""
    archive.register(
        archive.Part(
            "tasks.json",
            "Your lists, labels and tasks, which can be imported again.",
            ("todos.TaskList", "todos.Label", "todos.Task", "todos.TaskLabel"),
            _tasks,
        ),
        archive.Part("tasks.md", "Your tasks as a checklist, to read.", (), _checklist),
        archive.Part(
            "history.json", "Each change of your tasks.", ("todos.Change",), _history
        ),
        archive.Part(
            "last-import.json", "Your last import.", ("todos.ImportFile",), _last_import
        ),
        archive.Part(
            "last-import-file", "The file that you imported last.", (), _imported_file
        ),
        left_out={
            "todos.Ledger": "How many changes and tasks are stored. It follows from"
            " them.",
            "todos.IdempotentAnswer": "Answers to programs, kept for a day in case the"
            " program repeats its request. They repeat your tasks.",
        },
    )
