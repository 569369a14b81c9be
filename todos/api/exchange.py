"""Taking everything out, and bringing tasks in."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from accounts.authentication import user_of
from todos.agenda import clock_of
from todos.api.endpoint import OwnedEndpoint
from todos.exchange import exporting

IN_MEMORY = 1024 * 1024  # bytes of an export; a larger one waits on disk


class ExportQuerySerializer(serializers.Serializer[Any]):
    """How `GET export` is asked."""

    format = serializers.ChoiceField(list(exporting.FORMATS), default="json")


class AnyAccept(DefaultContentNegotiation):
    """Ignore `Accept` where it names no renderer: the query chooses the format."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class ExportView(OwnedEndpoint):
    """Everything the caller has, as a file."""

    schema_tag = "exchange"
    operations = {"GET": "export"}
    content_negotiation_class = AnyAccept

    @extend_schema(
        parameters=[ExportQuerySerializer],
        responses={
            (200, kind.media_type.partition(";")[0]): OpenApiTypes.BINARY
            for kind in exporting.FORMATS.values()
        },
    )
    def get(self, request: Request, **kwargs: Any) -> FileResponse:
        name = self.checked_query(ExportQuerySerializer)["format"]
        user = user_of(request)
        today = clock_of(user, now=timezone.now()).today
        return FileResponse(
            _spooled(exporting.export(user, name)),
            as_attachment=True,
            filename=exporting.filename(name, today=today),
            content_type=exporting.FORMATS[name].media_type,
        )


def _spooled(pieces: Iterator[bytes]) -> IO[bytes]:
    """Return the pieces as a file, complete before its first byte is sent.

    So a failure half-way is an error and no file that looks whole, and a slow client
    holds no connection to the database.
    """
    memory = io.BytesIO()
    for piece in pieces:
        memory.write(piece)
        if memory.tell() > IN_MEMORY:
            break
    else:
        memory.seek(0)
        return memory
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    file.write(memory.getbuffer())
    file.writelines(pieces)
    file.seek(0)
    return file
