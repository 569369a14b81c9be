"""Importing a file in steps: it is uploaded and checked, and then imported once."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import IO
from uuid import UUID

from django.db import transaction

from config.json import JSONObject
from todos import import_files
from todos.actions.imports import PreparedImport
from todos.actions.imports.rows import RowIssue
from todos.caller import Caller
from todos.imports.columns import columns_of, guess, titles_of
from todos.imports.encodings import opened_as_utf8
from todos.imports.files import FileRefused, MappingRefused
from todos.imports.formats import ROWS_MAX, options_for, prepare_file
from todos.imports.recognition import recognise
from todos.models import ImportFile

GROUPS_MAX = 100  # of errors, and of notices, that a report shows
PLACES_MAX = 5  # rows that a group names
TEXT_MAX = 300  # characters
UNKNOWN = (
    "The program that wrote this file was not recognised. Choose it below, or export"
    " the tasks as a table (CSV)."
)


def upload(
    caller: Caller, *, file: IO[bytes], name: str, format: str = ""
) -> ImportFile:
    """Keep a file that can be imported, with the report of a dry run.

    Without a `format`, it is recognised. The columns of a table are mapped by their
    titles. If that does not tell the titles of the tasks, the report says so.

    Raises:
        FileRefused: the file can't be read; nothing is kept.
    """
    format = format or recognise(file, options_for(caller)) or ""
    if not format:
        raise FileRefused(UNKNOWN)
    file.seek(0)
    content = file.read()
    mapping, report = _report(caller, content, format, None)
    return import_files.keep(
        caller.owner,
        name=_plain(name)[:100] or "Pasted text",
        format=format,
        mapping=mapping,
        content=content,
        report=report,
        at=caller.at,
    )


def check_again(
    caller: Caller, kept: ImportFile, *, format: str, mapping: Mapping[str, str]
) -> None:
    """Check a kept file in another format or with other columns.

    Raises:
        FileRefused: it can't be read in this way; the earlier report is kept.
    """
    is_other = format != kept.format
    content = bytes(kept.content)
    chosen, report = _report(caller, content, format, None if is_other else mapping)
    kept.format, kept.mapping, kept.report = format, chosen, report
    kept.save(update_fields=["format", "mapping", "report"])


def import_kept(caller: Caller, *, key: UUID, skip_errors: bool) -> ImportFile:
    """Import a kept file, unless an earlier request has imported it.

    The content is dropped then. A file with errors is not imported, unless rows with
    an error are to be left out; its report tells what the errors are.

    Raises:
        ImportFile.DoesNotExist: it has expired, or was replaced.
        FileRefused, ImportClash: as `import_file`.
    """
    kept = import_files.find(caller.owner, key=key, at=caller.at)
    if kept.imported_at is not None:
        return kept
    prepared = _prepare(
        caller, bytes(kept.content), kept.format, kept.mapping, skip_errors=skip_errors
    )
    with transaction.atomic():
        # A repeated request waits here, and then finds the file imported.
        kept = _locked(caller, key)
        if kept.imported_at is not None:
            return kept
        report = prepared.store()
        kept.report = _described(prepared) | {
            name: kept.report[name] for name in ("columns",) if name in kept.report
        }
        if not report.is_refused:
            kept.imported_at, kept.batch, kept.content = caller.at, report.batch, b""
        kept.save(update_fields=["report", "imported_at", "batch", "content"])
    return kept


def _locked(caller: Caller, key: UUID) -> ImportFile:
    files = ImportFile.objects.owned_by(caller.owner).defer("content")
    return files.select_for_update().get(key=key)


def _prepare(
    caller: Caller,
    content: bytes,
    format: str,
    mapping: Mapping[str, object],
    *,
    skip_errors: bool,
) -> PreparedImport:
    return prepare_file(
        caller,
        file=io.BytesIO(content),
        name=format,
        mapping=mapping,
        rows_max=ROWS_MAX,
        skip_errors=skip_errors,
    )


# --- The report -------------------------------------------------------------------


def _report(
    caller: Caller, content: bytes, format: str, mapping: Mapping[str, str] | None
) -> tuple[Mapping[str, str], JSONObject]:
    """Check a file; return the mapping of its columns, and the report."""
    report: JSONObject = {}
    titles: dict[int, str] = {}
    if format == "csv":
        with opened_as_utf8(io.BytesIO(content)) as (text, _):
            columns, rows = columns_of(text, options_for(caller))
        report["columns"] = [asdict(column) for column in columns]
        mapping = guess(columns, rows) if mapping is None else mapping
        titles = titles_of(columns, rows, mapping.get("title", ""))
    mapping = mapping or {}
    try:
        # What is left out is shown before the user decides.
        prepared = _prepare(caller, content, format, mapping, skip_errors=True)
    except MappingRefused as exc:
        if "title" in mapping or format != "csv":
            raise
        return mapping, report | {"needs_columns": True, "reason": str(exc)}
    return mapping, report | _described(prepared, titles)


def _described(
    prepared: PreparedImport, known: Mapping[int, str] | None = None
) -> JSONObject:
    """Return the report of an import as JSON, with a bounded size.

    `known` are the titles of rows that could not be read.
    """
    report, numbers = prepared.report, prepared.numbers
    titles = {**(known or {}), **prepared.titles}
    return {
        "tasks": numbers.tasks,
        "steps": numbers.steps,
        "labels": numbers.labels,
        "lists": [
            asdict(one) | {"id": str(one.id), "name": _plain(one.name)}
            for one in numbers.lists
        ],
        "skipped": report.skipped,
        "is_unusable": report.is_unusable,
        "error_count": report.error_count,
        "notice_count": report.notice_count,
        "errors": _grouped(report.errors, titles),
        "notices": _grouped(report.notices, titles),
    }


def _grouped(issues: Iterable[RowIssue], titles: Mapping[int, str]) -> list[JSONObject]:
    """Return issues with the same text as one, with the first of their rows."""
    groups: dict[tuple[str, str], JSONObject] = {}
    for issue in issues:
        key = (issue.field, issue.message)
        if key not in groups and len(groups) == GROUPS_MAX:
            continue
        group = groups.setdefault(
            key,
            {
                "field": _plain(issue.field),
                "message": _plain(issue.message),
                "places": [],
                "more": 0,
            },
        )
        if issue.row is None:
            continue
        if len(group["places"]) < PLACES_MAX:
            title = _plain(titles.get(issue.row, ""))
            group["places"].append({"row": issue.row, "title": title})
        else:
            group["more"] += 1
    return list(groups.values())


def _plain(text: str) -> str:
    """Return a text of a file as one that can be stored and shown on a line."""
    shown = "".join(c if c.isprintable() else " " for c in text[:TEXT_MAX])
    return " ".join(shown.split())
