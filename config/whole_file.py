"""Files that are complete before the first byte is sent."""

import io
import tempfile
from collections.abc import Iterator
from typing import IO

IN_MEMORY = 1024 * 1024  # bytes of a file; a larger one is written to disk


def whole_file(pieces: Iterator[bytes]) -> IO[bytes]:
    """Return the pieces as a file.

    So a failure leads to an error, not to a truncated file, and a slow client holds no
    database connection.
    """
    memory = io.BytesIO()
    for piece in pieces:
        memory.write(piece)
        if memory.tell() > IN_MEMORY:
            break
    else:
        memory.seek(0)
        return memory
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    file.write(memory.getbuffer())
    file.writelines(pieces)
    file.seek(0)
    return file
