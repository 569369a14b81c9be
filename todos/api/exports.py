"""Export: one endpoint that selects the format by a parameter, and one for each format.

Generators of clients give an operation the type of one of its responses. So only an
endpoint with one media type has the right type in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts import events
from accounts.authentication import user_of
from accounts.models import SecurityEvent
from config.api.scopes import EXPORT
from config.api.throttling import CostlyThrottle, UserThrottle
from todos.agenda import clock_of
from todos.api.endpoint import OwnedEndpoint
from todos.api.export_schema import REFERENCE
from todos.exports import formats

# Formats in words.
NAMES = {
    "json": "JSON, which can be imported without loss",
    "csv": "CSV, for spreadsheets",
    "ics": "iCalendar, for calendars and other todo services",
    "markdown": "Markdown, for reading",
}

FILE_NAME = OpenApiParameter(
    "Content-Disposition",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="The name of the file, with the date.",
)


def _responses(*names: str) -> dict[tuple[int, str], Any]:
    """Describe the responses with these formats, one for each media type."""
    types = {name: formats.FORMATS[name].media_type for name in names}
    return {
        (200, media_type.partition(";")[0]): REFERENCE
        if name == "json"
        else OpenApiTypes.STR
        for name, media_type in types.items()
    }


class ExportQuerySerializer(serializers.Serializer[None]):
    """Query parameters of `GET export`."""

    format = serializers.ChoiceField(
        list(formats.FORMATS),
        default="json",
        help_text="The file format. Only `json` can be imported without loss.",
    )


class AnyAccept(DefaultContentNegotiation):
    """Ignore an `Accept` without a match: the route or the query selects the format."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        candidates = list(renderers)
        try:
            renderer, media_type = super().select_renderer(
                request, candidates, format_suffix
            )
        except NotAcceptable:
            return candidates[0], candidates[0].media_type
        return renderer, media_type


class ExportEndpoint(OwnedEndpoint):
    """Export all data of the user as a file."""

    name = "Export"
    scopes = {"GET": EXPORT}
    list_methods = {"GET"}
    tag = "exchange"
    throttle_classes = (UserThrottle, CostlyThrottle)
    throttle_scope = "export"
    content_negotiation_class = AnyAccept

    def file(self, request: Request, name: str) -> FileResponse:
        """Return the export in the format with this name."""
        user = user_of(request)
        now = timezone.now()
        today = clock_of(user, now=now).today
        file = formats.export_file(user, name)
        events.record(user, SecurityEvent.Kind.EXPORTED, at=now, about=name)
        return FileResponse(
            file,
            as_attachment=True,
            filename=formats.filename(name, today=today),
            content_type=formats.FORMATS[name].media_type,
        )


class ExportView(ExportEndpoint):
    """Export all data of the user as a file, in a format named by the query."""

    @extend_schema(
        operation_id="export",
        parameters=[ExportQuerySerializer, FILE_NAME],
        # Text first: generators that know one type for an operation take the first, and
        # every format is text.
        responses=_responses("csv", "ics", "markdown", "json"),
    )
    def get(self, request: Request, **kwargs: object) -> FileResponse:
        """Export all tasks, lists and labels as a file.

        `export/json`, `export/csv`, `export/ics` and `export/markdown` are the same
        with one format each, for generated clients.
        """
        name = self.validated_query(request, ExportQuerySerializer)["format"]
        return self.file(request, name)


def format_view(name: str) -> type[ExportEndpoint]:
    """Return the view of the endpoint for one format."""

    class FormatView(ExportEndpoint):
        @extend_schema(
            operation_id=f"export_{name}",
            description=f"Export all tasks, lists and labels as {NAMES[name]}.",
            parameters=[FILE_NAME],
            responses=_responses(name),
        )
        def get(self, request: Request, **kwargs: object) -> FileResponse:
            return self.file(request, name)

    return FormatView
