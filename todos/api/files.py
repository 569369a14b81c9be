"""Import."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.request import Request

from config.api.problems import (
    MEDIA_TYPE,
    PayloadTooLarge,
    ProblemSerializer,
    problem_document,
)
from config.api.responses import Response
from config.api.scopes import WRITE
from config.api.throttling import CostlyThrottle, UserThrottle
from config.json import JSONObject
from config.uploads import accept_files
from todos.actions import AccountFull
from todos.actions.imports import ImportClash, PreparedImport
from todos.actions.imports.rows import ImportReport, RowIssue
from todos.api.endpoint import OwnedEndpoint
from todos.imports.files import FileRefused, MappingRefused, TooManyRows
from todos.imports.formats import (
    FORMATS,
    ROWS_MAX,
    describe_formats,
    prepare_file,
)

IMPORT_FORMATS = list(FORMATS)
MAPPING_MAX = 10_000  # characters


class UploadParser(MultiPartParser):
    """Parse a form with a file, for imports only.

    `settings.UPLOADS` limits the size of the body before it is parsed.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> DataAndFiles[Any, Any]:
        try:
            return super().parse(stream, media_type, parser_context)
        except SuspiciousOperation as exc:  # too many fields, or a field too long
            raise ParseError(
                "The form has too many fields, or a field is too long."
            ) from exc


def _too_large() -> PayloadTooLarge:
    limit = settings.IMPORT_MAX_BYTES
    return PayloadTooLarge(f"The file is too large: {limit} bytes at most.")


class ImportSerializer(serializers.Serializer[None]):
    """The form of `POST import`."""

    file = serializers.FileField(help_text="The file, in UTF-8.")
    format = serializers.ChoiceField(
        IMPORT_FORMATS,
        help_text=f"The program that the file comes from:\n\n{describe_formats()}",
    )
    mapping = serializers.CharField(
        max_length=MAPPING_MAX,
        allow_blank=True,
        default="",
        help_text="For tables: a JSON object with the column of each field.",
    )
    dry_run = serializers.BooleanField(
        default=False,
        help_text="Validate the file and report the result, but store nothing.",
    )
    skip_errors = serializers.BooleanField(
        default=False,
        help_text="Leave out rows with an error instead of refusing the file.",
    )

    def validate_file(self, file: File[bytes]) -> File[bytes]:
        if file.size > settings.IMPORT_MAX_BYTES:
            raise _too_large()
        return file

    def validate_mapping(self, text: str) -> JSONObject:
        try:
            mapping = json.loads(text or "{}")
        except (ValueError, RecursionError) as exc:
            raise serializers.ValidationError("Must be a JSON object.") from exc
        if not isinstance(mapping, dict):
            raise serializers.ValidationError("Must be a JSON object.")
        return mapping


class FindingSerializer(serializers.Serializer[None]):
    """An error or notice about a row, numbered as in a spreadsheet."""

    row = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="Null if it concerns the whole file."
    )
    field = serializers.CharField()
    message = serializers.CharField()


class ReportSerializer(serializers.Serializer[None]):
    """The result of an import.

    Any of the `errors` prevents the whole import, unless the request has `skip_errors`.
    """

    batch = serializers.UUIDField(
        allow_null=True, help_text="The batch to undo; null if nothing was stored."
    )
    created = serializers.IntegerField(min_value=0)
    skipped = serializers.IntegerField(
        min_value=0,
        help_text="Number of rows that already exist in the account.",
    )
    errors = FindingSerializer(many=True, read_only=True)  # type: ignore[assignment]  # shadows a property
    notices = FindingSerializer(many=True, read_only=True)


class ImportProblemSerializer(ProblemSerializer):
    """The problem document of an import, with `report` if rows are not valid."""

    optional_in_response = ("errors", "report")

    report = ReportSerializer()


class ImportView(OwnedEndpoint):
    """Import the tasks of a file."""

    name = "Import"
    scopes = {"POST": WRITE}
    input_class = ImportSerializer
    tag = "exchange"
    throttle_classes = (UserThrottle, CostlyThrottle)
    throttle_scope = "import"
    parser_classes = [UploadParser]
    conflicts = {"POST": (AccountFull, ImportClash)}

    _prepared: PreparedImport | None = None
    _is_dry_run = False

    def initialize_request(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> Request:
        # The CSRF check of a session reads the form before the parser does.
        accept_files(request)
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(
        operation_id="import",
        responses={200: ReportSerializer, 400: ImportProblemSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Import the tasks of a file: all of them, or none.

        With `skip_errors`, rows with an error are left out, and `errors` lists them.
        """
        if self._prepared is None:
            self.prepare(request)
        assert self._prepared is not None
        if self._is_dry_run:
            return Response(_represent(self._prepared.report))
        report = self._prepared.store()
        return _refusal(report) if report.is_refused else Response(_represent(report))

    def prepare(self, request: Request) -> None:
        """Read and check the file before the transaction, because it may take long."""
        form = self.validated(request)
        self._is_dry_run = form["dry_run"]
        self._prepared = self._read(form)

    def _read(self, form: JSONObject) -> PreparedImport:
        try:
            return prepare_file(
                self.caller,
                file=form["file"],
                name=form["format"],
                mapping=form["mapping"],
                rows_max=ROWS_MAX,
                skip_errors=form["skip_errors"],
            )
        except TooManyRows as exc:
            raise PayloadTooLarge(
                f"{exc} Split the file, or use manage.py import_tasks."
            ) from exc
        except MappingRefused as exc:
            raise ValidationError({"mapping": [str(exc)]}) from exc
        except FileRefused as exc:
            raise ValidationError({"file": [str(exc)]}) from exc


def _refusal(report: ImportReport) -> Response:
    """Return the problem document of an import with errors."""
    first = report.errors[0]
    where = f"Row {first.row}, {first.field}" if first.row else first.field
    refusal = ValidationError({"file": [f"{where}: {first.message}"]})
    document = problem_document(refusal) | {
        "code": "import_refused",
        "report": _represent(report),
    }
    return Response(
        document, status=status.HTTP_400_BAD_REQUEST, content_type=MEDIA_TYPE
    )


def _represent(report: ImportReport) -> JSONObject:
    return {
        "batch": report.batch,
        "created": report.created,
        "skipped": report.skipped,
        "errors": list(map(_issue, report.errors)),
        "notices": list(map(_issue, report.notices)),
    }


def _issue(issue: RowIssue) -> JSONObject:
    found = asdict(issue)
    del found["is_error"]
    return found
