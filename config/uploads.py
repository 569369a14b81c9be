"""File uploads: refused, except in the views that accept a file."""

from typing import NoReturn

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest


class FileRefused(BadRequest):
    """400: the form contains a file, and this path accepts none."""


class RefusingUploadHandler(FileUploadHandler):
    """Refuse a form at its first file, before any of it is stored."""

    def new_file(self, *args: object, **kwargs: object) -> NoReturn:
        raise FileRefused("Files are not accepted here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        raise AssertionError("unreachable: there is no file")

    def file_complete(self, file_size: int) -> None:
        return None


def takes_files(request: HttpRequest) -> bool:
    """Whether the view of this request accepts files, so that it must read the form."""
    match = request.resolver_match
    view = getattr(match.func, "view_class", None) if match else None
    return getattr(view, "accepts_files", False)


def accept_files(request: HttpRequest) -> None:
    """Accept files in the form of `request`: small ones in memory, others on disk."""
    request.upload_handlers = [
        MemoryFileUploadHandler(request),
        TemporaryFileUploadHandler(request),
    ]
