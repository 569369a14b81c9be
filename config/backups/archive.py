"""The file of a backup: a ZIP archive with a checksum of all its bytes.

`manifest.json` and every other part can be read with any program for ZIP files. The
comment at the end of the file is the SHA-256 of everything before it, so a truncated
file and every changed byte are noticed before anything else is read.
"""

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from tqdm import tqdm

from config.backups.errors import BackupError
from config.backups.manifest import Manifest, Part

MANIFEST = "manifest.json"
SEAL = re.compile(rb"sha256:[0-9a-f]{64}")
SEAL_BYTES = len("sha256:") + 64
CHUNK = 1024 * 1024  # bytes
LEVEL = 1  # of compression: a higher one takes three times as long


class Sink(Protocol):
    """What the content of a part is written to."""

    def write(self, piece: bytes | bytearray | memoryview, /) -> object: ...


class Writer:
    """A backup that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: dict[str, Part] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[Sink]:
        """Yield what the content of a new part is written to."""
        with self._archive.open(name, "w", force_zip64=True) as file:
            measured = _Measured(file)
            yield measured
        self.parts[name] = measured.part

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which is the last part."""
        self._archive.writestr(MANIFEST, manifest.as_json())


class _Measured:
    """A file that counts and digests what is written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._bytes = 0
        self._digest = hashlib.sha256()

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        self._file.write(piece)
        self._bytes += len(piece)
        self._digest.update(piece)

    @property
    def part(self) -> Part:
        return Part(self._bytes, self._digest.hexdigest())


@contextmanager
def created(path: Path) -> Iterator[Writer]:
    """Write a new backup, which is at `path` only when it is complete.

    Only the system user of this process can read it. An existing file is never
    replaced, and nothing of an unfinished one remains.

    Raises:
        BackupError: it can't be written.
    """
    with described(path):
        if path.exists():
            raise BackupError(f"{path} exists already. Choose another name.")
    with described(path), unfinished(path) as part:
        with part.open("w+b") as file:
            archive = zipfile.ZipFile(
                file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL
            )
            archive.comment = b"0" * SEAL_BYTES
            try:
                yield Writer(archive)
                archive.close()
            except BaseException:
                # Otherwise it tries again, and fails, when it is collected.
                with suppress(Exception):
                    archive.close()
                raise
            _seal(file)
            file.flush()
            os.fsync(file.fileno())
        _publish(part, path)


@contextmanager
def described(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one that names the file."""
    try:
        yield
    except OSError as exc:
        raise BackupError(f"{path} can't be written: {exc.strerror or exc}.") from exc


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


@contextmanager
def unfinished(path: Path, remove: Callable[[Path], None] = _remove) -> Iterator[Path]:
    """Yield a new private file beside `path`, and `remove` it at the end.

    Raises:
        BackupError: there can't be one.
    """
    with described(path):
        descriptor, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part"
        )
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        remove(Path(name))


def _seal(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END) - SEAL_BYTES
    seal = _digest(file, size)
    file.seek(size)
    file.write(seal)


def _digest(file: IO[bytes], size: int) -> bytes:
    """Return the seal of the first `size` bytes."""
    digest = hashlib.sha256()
    file.seek(0)
    with progress("checksum", size) as advance:
        while size and (piece := file.read(min(CHUNK, size))):
            digest.update(piece)
            size -= len(piece)
            advance(len(piece))
    return f"sha256:{digest.hexdigest()}".encode()


def _publish(part: Path, path: Path) -> None:
    """Give the file its name, unless another one has it by now."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise BackupError(f"{path} exists already. Choose another name.") from None
    except OSError:  # a file system without hard links
        if path.exists():
            raise
        part.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_little_space(folder: Path, needed: int) -> None:
    """Refuse to begin what would fill the disk.

    Raises:
        BackupError: less than `needed` bytes are free.
    """
    with described(folder):
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} has {free / 1e6:,.0f} MB free, and {needed / 1e6:,.0f} MB may be"
            " needed. Free some space, or choose another folder."
        )


class Archive:
    """A backup that was verified against its checksum."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def close(self) -> None:
        self._archive.close()

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the content of a part.

        Raises:
            BackupError: at its end, if it is not the content of the manifest.
        """
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name) as file:
            while piece := file.read(CHUNK):
                digest.update(piece)
                size += len(piece)
                yield piece
        if self.manifest.parts.get(name) != Part(size, digest.hexdigest()):
            raise BackupError(f"The part {name} is not the one that was backed up.")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Verify a backup and open it.

    Raises:
        BackupError: it can't be read, is truncated or changed, or of a newer format.
    """
    try:
        with path.open("rb") as file:
            _verify(file, path)
            with closing(_archive(file, path)) as archive:
                yield archive
    except FileNotFoundError as exc:
        if exc.filename != str(path):
            raise
        raise BackupError(f"{path} does not exist.") from exc
    except IsADirectoryError as exc:
        raise BackupError(f"{path} is a folder, not a file.") from exc
    except PermissionError as exc:
        if exc.filename != str(path):
            raise
        raise BackupError(
            f"{path} can't be read. Run this as the user that owns it."
        ) from exc


def _archive(file: IO[bytes], path: Path) -> Archive:
    try:
        archive = zipfile.ZipFile(file)
        manifest = Manifest.from_json(archive.read(MANIFEST))
        for name in manifest.parts:
            archive.getinfo(name)
    except (zipfile.BadZipFile, KeyError) as exc:
        raise BackupError(f"{path} is not a backup of Ownlist.") from exc
    return Archive(archive, manifest)


def _verify(file: IO[bytes], path: Path) -> None:
    size = file.seek(0, os.SEEK_END) - SEAL_BYTES
    file.seek(max(size, 0))
    seal = file.read()
    if not SEAL.fullmatch(seal):
        raise BackupError(
            f"{path} is not a complete backup of Ownlist. It is another file, or was"
            " cut off. Copy it again, or take an earlier one."
        )
    if _digest(file, size) != seal:
        raise BackupError(
            f"{path} is damaged: its checksum does not match. Copy it again, or take"
            " an earlier one."
        )


@contextmanager
def progress(what: str, total: int, unit: str = "B") -> Iterator[Callable[[int], Any]]:
    """Show progress on a terminal; yield what to call after each step."""
    with tqdm(
        desc=what, total=total, unit=unit, unit_scale=True, disable=None, leave=False
    ) as bar:
        yield bar.update
