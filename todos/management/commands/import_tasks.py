"""Import tasks from a file into the account of a user."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from accounts.credentials import COMMAND
from config.row_security import rows_of
from todos.actions import Refusal
from todos.actions.imports.rows import ImportReport, RowIssue
from todos.caller import Caller
from todos.imports.files import FileRefused
from todos.imports.formats import FORMATS, import_file
from todos.management.users import find_user

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Command(BaseCommand):
    help = (
        "Import tasks from a file into the account of a user: all of them, or none if"
        " any has an error. See docs/exchange.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The file to import.")
        parser.add_argument(
            "--user",
            required=True,
            metavar="EMAIL_OR_ID",
            help="The user to import for.",
        )
        parser.add_argument(
            "--format",
            choices=list(FORMATS),
            required=True,
            help=" ".join(
                f"{name}: {one.description}" for name, one in FORMATS.items()
            ),
        )
        parser.add_argument(
            "--mapping",
            type=Path,
            metavar="FILE",
            help="A JSON file that maps the columns of a CSV file to fields.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report the result without storing anything.",
        )
        parser.add_argument(
            "--skip-errors",
            action="store_true",
            help="Leave out rows with an error instead of refusing the file.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        user = find_user(options["user"])
        mapping = _mapping(options["mapping"])
        try:
            with _opened(options["file"]) as file, rows_of(user.pk):
                report = import_file(
                    Caller(user, COMMAND, timezone.now()),
                    file=file,
                    name=options["format"],
                    mapping=mapping,
                    dry_run=options["dry_run"],
                    skip_errors=options["skip_errors"],
                )
        except (FileRefused, Refusal) as exc:
            raise CommandError(f"{exc} Nothing was stored.") from exc
        for issue in report.notices:
            self.stderr.write(_line("notice", issue))
        for issue in report.errors:
            self.stderr.write(_line("error", issue))
        if report.is_refused:
            errors = _counted(report.error_count, "error")
            raise CommandError(f"{errors}; nothing was stored.")
        self.stdout.write(_summary(report, dry_run=options["dry_run"]))


def _line(kind: str, issue: RowIssue) -> str:
    where = f"row {issue.row}: " if issue.row else ""
    field = f"{issue.field}: " if issue.field else ""
    return f"{kind}: {where}{field}{issue.message}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _summary(report: ImportReport, *, dry_run: bool) -> str:
    start, created = ("Dry run", "would be created") if dry_run else ("Done", "created")
    batch = f" The batch is {report.batch}." if report.batch else ""
    left_out = f", {report.error_count} left out" if report.error_count else ""
    return (
        f"{start}: {report.created} {created}, {report.skipped} already exist"
        f"{left_out}, {_counted(report.notice_count, 'notice')}.{batch}"
    )


def _mapping(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        mapping = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise CommandError(f"{path} can't be read: {exc.strerror}.") from exc
    except (ValueError, RecursionError) as exc:
        raise CommandError(f"{path} holds no JSON.") from exc
    if not isinstance(mapping, dict):
        raise CommandError(f"{path} must hold a JSON object.")
    return mapping


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file and show a progress bar while it is read, on a terminal."""
    try:
        file = path.open("rb")
    except OSError as exc:
        raise CommandError(f"{path} can't be read: {exc.strerror}.") from exc
    size = os.fstat(file.fileno()).st_size
    with (
        file,
        tqdm(
            total=size, unit="B", unit_scale=True, disable=not sys.stderr.isatty()
        ) as bar,
    ):
        yield io.BufferedReader(_ProgressFile(file, bar))


class _ProgressFile(io.RawIOBase):
    """A file that updates a progress bar while it is read."""

    def __init__(self, file: IO[bytes], bar: tqdm[NoReturn]) -> None:
        self._file = file
        self._bar = bar

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, origin: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, origin)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as target:
            piece = self._file.read(len(target))
            target[: len(piece)] = piece
        self._bar.update(self._file.tell() - self._bar.n)
        return len(piece)
