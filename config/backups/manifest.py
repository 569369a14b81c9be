"""What a backup says about itself."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from config.backups.errors import BackupError
from config.version import VERSION

FORMAT = 1  # raise it when an earlier Ownlist could no longer read the file


@dataclass(frozen=True, slots=True)
class Part:
    """One file in a backup, before compression."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a backup.

    `kind` is that of the database, `at` the moment of the backup (ISO 8601, UTC).
    `migrations` are the applied ones, such as `todos.0001_initial`; `tables` has the
    number of rows of each table, `parts` the files.

    Of PostgreSQL only: `columns` of each table in the order of its file, and the last
    value of each sequence.
    """

    version: str
    kind: str
    at: str
    migrations: list[str]
    tables: dict[str, int]
    parts: dict[str, Part]
    columns: dict[str, list[str]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def of(cls, kind: str, at: datetime, **contents: Any) -> Self:
        """Return the manifest of a backup by this version, made at `at`."""
        return cls(VERSION, kind, at.isoformat(timespec="seconds"), **contents)

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a manifest.

        Raises:
            BackupError: it is of a newer format, or is none.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            if (number := int(values["format"])) > FORMAT:
                raise BackupError(
                    f"The file has format {number}, and this version of Ownlist reads"
                    f" formats up to {FORMAT}. Restore it with Ownlist"
                    f" {values.get('version', 'of a newer version')}."
                )
            parts = {n: Part(**part) for n, part in values.pop("parts").items()}
            return cls(parts=parts, **values)._checked()
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise BackupError("The file has a manifest that can't be read.") from exc

    def _checked(self) -> Self:
        """Return it, if its values have the types that a restore relies on.

        Raises:
            TypeError: one has another.
        """
        texts = [self.version, self.kind, self.at, *_list(self.migrations)]
        numbers = [*_values(self.tables), *_values(self.sequences)]
        for part in self.parts.values():
            texts.append(part.sha256)
            numbers.append(part.bytes)
        for columns in _values(self.columns):
            texts.extend(_list(columns))
        if not all(isinstance(text, str) for text in texts):
            raise TypeError
        # `bool` is an integer of Python, but not of JSON.
        if not all(type(number) is int for number in numbers):
            raise TypeError
        return self


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _values(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        raise TypeError
    return list(value.values())
