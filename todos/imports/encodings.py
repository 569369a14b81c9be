"""Text files in any common encoding, as UTF-8.

A file with the byte order mark of UTF-16 is converted. Another file that is not UTF-8
is read as Windows-1252, which older programs write for the languages of Western Europe,
if its bytes look like that. A file that is UTF-8 except for some lines, which a program
may have cut within a character, keeps the rest of these lines.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import IO

from todos.imports.files import FileRefused

CHUNK = 256 * 1024  # bytes read at once
LINE_MAX = 1024 * 1024  # bytes of a line, folded or not
IN_MEMORY = 1024 * 1024  # bytes of a converted file; a larger one is written to disk

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Files that are chosen by mistake, by their first bytes.
BINARY = {
    b"PK\3\4": "The file is a ZIP archive. Unpack it, and import the files in it.",
    b"PK\5\6": "The file is an empty ZIP archive.",
    b"\xd0\xcf\x11\xe0": "The file is an old Excel workbook. Save it as CSV UTF-8.",
    b"%PDF": "The file is a PDF document. Export the tasks as a table instead.",
    b"\x89PNG": "The file is a picture.",
    b"\xff\xd8\xff": "The file is a picture.",
    b"GIF8": "The file is a picture.",
    b"\x1f\x8b": "The file is compressed with gzip. Unpack it first.",
    b"7z\xbc\xaf": "The file is a 7-Zip archive. Unpack it first.",
    b"Rar!": "The file is a RAR archive. Unpack it first.",
    b"SQLite format 3": "The file is a database. Export the tasks as a table instead.",
    b"{\\rtf": "The file is an RTF document. Save it as plain text in UTF-8.",
}
# Names of files near the beginning of a ZIP archive that is a document.
DOCUMENTS = {
    b"xl/": "The file is an Excel workbook. Save it as CSV UTF-8.",
    b"[Content_Types].xml": "The file is an Office document. Save it as CSV UTF-8.",
    b"opendocument": "The file is an OpenDocument file. Save it as CSV in UTF-8.",
    b"Index/": "The file is a Numbers spreadsheet. Export it as CSV.",
}
BEGINNING = 4096  # bytes
JUDGED_MAX = 10_000  # lines that decide which encoding a file has
END_OF_LINE = re.compile(rb"[\x80-\xff][^\r\n]*")

# Bytes that Windows-1252 does not define, control characters, and runs of letters or
# signs outside ASCII as words in other scripts have them.
NOT_WESTERN = re.compile(
    rb"[\0-\x08\x0e-\x1f\x81\x8d\x8f\x90\x9d]|[\xc0-\xff]{4}|[\xa0-\xff]{6}"
)


@contextmanager
def opened_as_utf8(
    file: IO[bytes], *, is_folded: bool = False
) -> Iterator[tuple[IO[bytes], str]]:
    """Return the file as UTF-8, and a notice if it had to be converted.

    `is_folded` is for iCalendar, where a line may be broken within a character.

    Raises:
        FileRefused: the file is binary, or in another encoding.
    """
    file.seek(0)
    start = file.read(BEGINNING)
    _refuse_binary(start)
    if start.startswith(UTF16):
        pieces, notice = _decoded(file, "utf-16"), "The file was read as UTF-16."
    elif _is_utf8(_chunks(file)) or (is_folded and _is_utf8(_parts(file, is_folded))):
        yield file, ""
        return
    else:
        pieces, notice = _repaired(file, is_folded)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as converted:
        converted.writelines(piece.encode() for piece in pieces)
        yield converted, notice


def _refuse_binary(start: bytes) -> None:
    if start.startswith(b"PK\3\4"):
        for name, refusal in DOCUMENTS.items():
            if name in start:
                raise FileRefused(refusal)
    for signature, refusal in BINARY.items():
        if start.startswith(signature):
            raise FileRefused(refusal)
    if start.startswith(codecs.BOM_UTF32_LE) or b"\0" in start[:2]:
        raise FileRefused(
            "The file is not text, or is UTF-16 without a byte order mark. Save it as"
            " UTF-8."
        )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(partial(file.read, CHUNK), b"")


def _decoded(file: IO[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(file):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        raise FileRefused("The file is damaged: it is not valid UTF-16.") from exc


def _is_utf8(pieces: Iterator[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _repaired(file: IO[bytes], is_folded: bool) -> tuple[Iterator[str], str]:
    """Return a file that is not UTF-8 as text, and the notice about it."""
    valid = invalid = 0
    for line in islice(_ends_of_lines(file, is_folded), JUDGED_MAX):
        try:
            line.decode("utf-8")
            valid += 1
        except UnicodeDecodeError:
            invalid += 1
    if invalid <= valid:
        notice = (
            "Some lines of the file are not valid UTF-8. What can't be read there is"
            " replaced by \ufffd; search for it."
        )
        parts = _parts(file, is_folded)
        return (part.decode("utf-8", "replace") for part in parts), notice
    if any(map(NOT_WESTERN.search, _chunks(file))):
        raise FileRefused("The file is not text in UTF-8. Save it as UTF-8.")
    notice = (
        "The file is not UTF-8. It was read as Windows-1252: check letters with accents"
        " and other signs. If they are wrong, save the file as UTF-8 and import that."
    )
    return _decoded(file, "cp1252"), notice


def _ends_of_lines(file: IO[bytes], is_folded: bool) -> Iterator[bytes]:
    """Yield the lines that are not ASCII, from their first byte beyond it."""
    for part in _parts(file, is_folded):
        yield from (match[0] for match in END_OF_LINE.finditer(part))


def _parts(file: IO[bytes], is_folded: bool) -> Iterator[bytes]:
    """Yield the file in parts of whole lines, unfolded."""
    rest = b""  # the last line, which may continue in the next chunk
    for chunk in _chunks(file):
        text = rest + chunk + file.readline(LINE_MAX)
        if is_folded:
            text = text.replace(b"\r\n", b"\n")
            text = text.replace(b"\n ", b"").replace(b"\n\t", b"")
        end = text.rfind(b"\n", 0, -1) + 1 if is_folded else len(text)
        rest = text[end:]
        if len(rest) > LINE_MAX:
            raise FileRefused(f"A line is longer than {LINE_MAX} bytes.")
        yield text[:end]
    yield rest
