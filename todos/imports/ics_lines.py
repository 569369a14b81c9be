"""The content lines of an iCalendar file, with their numbers in the file.

Lines are unfolded (RFC 5545 section 3.1) as bytes, as some programs fold within a
character, and in large chunks, as a file may be folded after every character.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple

from todos.imports.files import decode, skip_byte_order_mark

LINE_MAX = 256 * 1024  # characters, with a character for each fold
BYTES_MAX = 4 * LINE_MAX  # more bytes are more characters in any case
START = 200  # bytes that are kept of such a line
CHUNK = 256 * 1024  # bytes read at once
# A control character marks each fold, to count the lines; in a file it is invalid.
FOLD, FOLD_BYTE = "\x1f", b"\x1f"
INVALID = b"\x1a"  # replaces it there: another control character


class _Block(NamedTuple):
    """Whole content lines, without the last line end.

    Its first line may be the start of a line that is too long, without `folds_lost`.
    """

    text: bytes
    is_cut: bool
    folds_lost: int


def content_lines(file: IO[bytes]) -> Iterator[tuple[int, str, bool]]:
    """Yield the lines that are not empty: number, text, and whether it is too long.

    The number is that of the first line in the file that the content line is from. Of
    a line that is too long, the text may be only the start.

    Raises:
        FileRefused: the file is not UTF-8.
    """
    number = 1
    for text, is_cut, folds in _blocks(skip_byte_order_mark(file)):
        for line in _decoded(text):
            is_long = is_cut or len(line) > LINE_MAX
            if FOLD in line:
                folds += line.count(FOLD)
                # What follows an empty line or the start of the file continues nothing.
                line = (" " if line[0] == FOLD else "") + line.replace(FOLD, "")
            if line:
                yield number, line, is_long
            number += 1 + folds
            is_cut, folds = False, 0


def _blocks(file: IO[bytes]) -> Iterator[_Block]:
    rest = b""  # the last line, which may continue in the next chunk
    is_cut, lost = False, 0
    while chunk := file.read(CHUNK):
        chunk += file.readline(LINE_MAX)
        if chunk.endswith(b"\r"):
            chunk += file.read(1)  # perhaps the second half of the line end
        text = rest + _with_line_feeds(chunk)
        text = text.replace(b"\n ", FOLD_BYTE).replace(b"\n\t", FOLD_BYTE)
        end = text.rfind(b"\n", 0, -1) + 1
        if end:
            yield _Block(text[: end - 1], is_cut, lost)
            is_cut, lost = False, 0
        rest = text[end:]
        if len(rest) > BYTES_MAX:
            kept = rest[:START].decode(errors="ignore").encode()
            is_cut, lost = True, lost + rest.count(FOLD_BYTE) - kept.count(FOLD_BYTE)
            rest = kept + (b"\n" if rest.endswith(b"\n") else b"")
    if rest:
        yield _Block(rest.removesuffix(b"\n"), is_cut, lost)


def _with_line_feeds(chunk: bytes) -> bytes:
    """Replace every kind of line end: CRLF, CR CRLF, and CR alone."""
    if FOLD_BYTE in chunk:
        chunk = chunk.replace(FOLD_BYTE, INVALID)
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
        chunk = chunk.replace(b"\r", b"\n")
    return chunk


def _decoded(text: bytes) -> Iterator[str]:
    try:
        yield from text.decode().split("\n")
    except UnicodeDecodeError:
        yield from map(_decoded_line, text.split(b"\n"))


def _decoded_line(line: bytes) -> str:
    """Decode a line that may be folded within characters; the folds go to its end."""
    start = FOLD if line.startswith(FOLD_BYTE) else ""
    folds = line.count(FOLD_BYTE) - len(start)
    return start + decode(line.replace(FOLD_BYTE, b"")) + FOLD * folds
