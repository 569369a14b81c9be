"""ZIP archives: the files in them are read within limits, and never by their paths.

A name is only text to choose an entry by; nothing is stored under it.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from todos.imports.files import FileRefused

ENTRIES_MAX = 1_000
DIRECTORY_MAX = 1024 * 1024  # bytes of the list of entries at the end of an archive
TOTAL_MAX = 50 * 1024 * 1024  # bytes of the wanted entries, uncompressed
RATIO_MAX = 200  # uncompressed to compressed; text rarely has more than 20
SMALL = 1024 * 1024  # bytes; an entry up to this size may have any ratio
CHUNK = 256 * 1024  # bytes uncompressed at once
IN_MEMORY = 1024 * 1024  # bytes of an entry; a larger one is written to disk

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED, IS_UTF8 = 0x1, 0x800  # flag bits of an entry
# What the zipfile module raises for damaged archives, as experiments show.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def is_archive(file: IO[bytes]) -> bool:
    """Whether the file begins as a ZIP archive does."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start in {b"PK\3\4", b"PK\5\6"}


def only_content(
    file: IO[bytes], *, is_wanted: Callable[[str], bool], name: str, missing: str
) -> Iterator[IO[bytes]]:
    """Yield the file itself, or the content of the one wanted entry of an archive.

    `name` is what the wanted file is called, and `missing` the text if there is none.

    Raises:
        FileRefused: as `entries_of`, or the archive has no such entry, or several.
    """
    if not is_archive(file):
        yield file
        return
    is_found = False
    for _, content in entries_of(file, is_wanted=is_wanted):
        if is_found:
            raise FileRefused(f"The archive has more than one {name}.")
        is_found = True
        yield content
    if not is_found:
        raise FileRefused(missing)


def entries_of(
    file: IO[bytes], *, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the path and the content of each wanted entry, in the archive's order.

    A content is a seekable file that is closed when the next one is requested. Folders
    and hidden files, such as those of macOS, are never wanted.

    Raises:
        FileRefused: the archive is damaged or encrypted, or exceeds a limit. All
            limits are checked before the first entry is uncompressed.
    """
    try:
        archive = zipfile.ZipFile(_LimitedReads(file))
    except DAMAGED as exc:
        raise _damaged() from exc
    with archive:
        if len(archive.infolist()) > ENTRIES_MAX:
            raise FileRefused(f"The archive has more than {ENTRIES_MAX} files.")
        paths = {info: _path(info) for info in archive.infolist()}
        wanted = [i for i, path in paths.items() if _is_plain(path) and is_wanted(path)]
        _check(wanted)
        for info in wanted:
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
                _copy(archive, info, content)
                yield paths[info], content


class _LimitedReads:
    """An archive whose list of entries, which is read as a whole, can't be large."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        is_bounded = 0 <= size <= DIRECTORY_MAX
        data = self._file.read(size if is_bounded else DIRECTORY_MAX + 1)
        if len(data) > DIRECTORY_MAX:
            raise FileRefused(f"The archive has more than {ENTRIES_MAX} files.")
        return data


def _path(info: zipfile.ZipInfo) -> str:
    """Return the path of an entry; many programs write UTF-8 without saying so."""
    if not info.flag_bits & IS_UTF8:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _is_plain(path: str) -> bool:
    *folders, name = path.split("/")
    return "__MACOSX" not in folders and name[:1] not in {"", "."}


def _check(wanted: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that can't be read, or are too large uncompressed.

    The sizes that an archive declares can be trusted as limits: the zipfile module
    reads no more than that.
    """
    if any(info.flag_bits & ENCRYPTED for info in wanted):
        raise FileRefused("The archive is encrypted. Unpack it, and import its files.")
    if any(info.compress_type not in METHODS for info in wanted):
        raise FileRefused(
            "The archive is compressed in an unusual way. Unpack it, and import its"
            " files."
        )
    if sum(info.file_size for info in wanted) > TOTAL_MAX or any(
        info.file_size > max(SMALL, RATIO_MAX * info.compress_size) for info in wanted
    ):
        raise FileRefused(
            f"The archive is too large: unpacked, at most {TOTAL_MAX} bytes in all, and"
            f" {RATIO_MAX} times as large as packed."
        )


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: IO[bytes]) -> None:
    try:
        with archive.open(info) as source:
            while chunk := source.read(CHUNK):
                target.write(chunk)
    except DAMAGED as exc:
        raise _damaged() from exc
    target.seek(0)


def _damaged() -> FileRefused:
    return FileRefused("The archive is damaged. Download or export it again.")
