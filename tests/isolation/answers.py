"""What the access matrix asked and was answered, recorded in a file if one is named."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VARIABLE = "OWNLIST_ANSWERS"  # names the file


class Asked(NamedTuple):
    """A request of the matrix."""

    method: str
    route: str
    kind: str
    caller: str


def note(asked: Asked, status: int) -> None:
    """Add a line to the file. Several processes may write at once."""
    if path := os.environ.get(VARIABLE):
        line = json.dumps([*asked, status]) + "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def noted(path: Path) -> Iterator[tuple[Asked, int]]:
    """Yield what a run has recorded."""
    for line in path.read_text("utf-8").splitlines():
        *asked, status = json.loads(line)
        yield Asked(*asked), status
