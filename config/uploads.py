"""Files in forms: refused, but for the view that takes one."""

from typing import Any, NoReturn

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest


class FileRefused(BadRequest):
    """400: the form has a file, and this address takes none."""


class RefusingUploadHandler(FileUploadHandler):
    """Refuse a form at its first file, before anything of it is kept."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FileRefused("No file is taken here.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        raise AssertionError("unreachable: there is no file")

    def file_complete(self, file_size: int) -> None:
        return None


def take_files(request: HttpRequest) -> None:
    """Let the form of `request` have files: small ones in memory, others on disk."""
    request.upload_handlers = [
        MemoryFileUploadHandler(request),
        TemporaryFileUploadHandler(request),
    ]
