"""Export all data of a user to a file."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from accounts import events
from accounts.models import SecurityEvent
from config.row_security import rows_of
from todos.exports.formats import FORMATS, export
from todos.management.users import find_user


class Command(BaseCommand):
    help = "Export all data of a user to a file; see docs/exchange.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--user", required=True, metavar="EMAIL_OR_ID", help="The user to export."
        )
        parser.add_argument("--format", choices=list(FORMATS), default="json")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="The file to write. An existing one is replaced when the export is"
            " complete. The default is the standard output.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        user = find_user(options["user"])
        pieces = _with_progress(export(user, options["format"]))
        with rows_of(user.pk):
            if options["output"]:
                _write_whole(Path(options["output"]), pieces)
            else:
                # As bytes, because the export is UTF-8 whatever the locale is.
                out: Any = self.stdout.buffer
                for piece in pieces:
                    out.write(piece)
                out.flush()
            about = f"{options['format']} by the operator"
            kind = SecurityEvent.Kind.EXPORTED
            events.record(user, kind, at=timezone.now(), about=about)


def _with_progress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    with tqdm(unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        for piece in pieces:
            yield piece
            bar.update(len(piece))


def _write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write the file readable for its owner only, and atomically."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(pieces)
        unfinished.replace(path)
    except OSError as exc:
        raise CommandError(f"{path} can't be written: {exc.strerror}.") from exc
    finally:
        unfinished.unlink(missing_ok=True)
