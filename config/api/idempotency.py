"""The `Idempotency-Key` header, which marks a request as a repetition of another.

See draft-ietf-httpapi-idempotency-key-header. The apps store the responses.
"""

from __future__ import annotations

import hashlib
import json
import re

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from config.api.problems import Conflict

# Plain, or as a String of RFC 9651, as the draft requires.
KEY_PATTERN = r'^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$'
KEY = re.compile(KEY_PATTERN, re.ASCII)


class KeyReused(APIException):
    """422: the key was sent with another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request. Use a new key."
    default_code = "idempotency_key_reused"


class KeyInUse(Conflict):
    """409: the first request with this key is still running."""

    default_detail = "A request with this Idempotency-Key is still running."
    default_code = "idempotency_key_in_use"
    wait = 1  # seconds


def key_of(request: Request) -> str | None:
    """Return the request's key, without quotes, or `None` if it has no key.

    Raises:
        ValidationError: it is empty, too long, or holds more than visible ASCII.
    """
    header = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    key = header.strip()
    if not KEY.fullmatch(key):
        raise ValidationError(
            {"Idempotency-Key": ["Must be 1 to 255 visible ASCII characters."]}
        )
    return re.sub(r"\\(.)", r"\1", key[1:-1]) if key.startswith('"') else key


def digest_of(request: Request) -> bytes:
    """Return a digest of a request's route, query and body.

    It is computed from the values, not the bytes: the boundary of a form differs each
    time the form is sent.
    """
    body = request.data
    if isinstance(body, QueryDict):
        body = dict(body.lists())
    values = [request.path.rstrip("/"), request.META["QUERY_STRING"], body]
    text = json.dumps(values, sort_keys=True, default=_digest_of_file)
    return hashlib.sha256(text.encode()).digest()


def _digest_of_file(file: UploadedFile[bytes]) -> list[str | None]:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]
