"""`Idempotency-Key`: a POST that is sent again acts once.

See draft-ietf-httpapi-idempotency-key-header.
The first answer is kept for a day with what was done, in one transaction, and is given
again, byte for byte. A refused request has done nothing, so nothing of it is kept: the
same key may carry the corrected body.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from config.api.problems import Conflict
from config.api.renderers import JSONRenderer
from todos import answers
from todos.models import IdempotentAnswer

Handler = Callable[..., HttpResponseBase]

KEY = re.compile(r"[!-~]{1,255}")
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')  # a String of RFC 9651


class KeyReused(APIException):
    """422: the key has answered another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key came with another request. Use a new one."
    default_code = "idempotency_key_reused"


class KeyInUse(Conflict):
    """409: the first request with this key is still running."""

    default_detail = "A request with this Idempotency-Key is still running."
    default_code = "idempotency_key_in_use"
    wait = 1  # seconds


def once(act: Handler) -> Handler:
    """Return the handler `act`, which then acts once for each key of a user."""

    def handler(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if key is None:
            return act(request, *args, **kwargs)
        digest = digest_of(request)
        with transaction.atomic():
            if known := _known(request, key, digest):
                return _again(request, known)
            response = act(request, *args, **kwargs)
            _keep(request, key, digest, response)
        return response

    return handler


def key_of(request: Request) -> str | None:
    """Return the request's key, with or without the quotes that the draft wants.

    Raises:
        ValidationError: it is empty, too long, or holds more than visible ASCII.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    key = header.strip()
    if match := QUOTED.fullmatch(key):
        key = re.sub(r"\\(.)", r"\1", match[1])
    if not KEY.fullmatch(key):
        raise ValidationError(
            {"Idempotency-Key": ["Write 1 to 255 visible ASCII characters."]}
        )
    return key


def digest_of(request: Request) -> bytes:
    """Return a digest of what a request asks for: its route, query and body.

    Of the values, not the bytes: a form has another boundary each time it is sent.
    """
    body = request.data
    if isinstance(body, QueryDict):
        body = dict(body.lists())
    asked = [request.path.rstrip("/"), request.META["QUERY_STRING"], body]
    text = json.dumps(asked, sort_keys=True, default=_digest_of_file)
    return hashlib.sha256(text.encode()).digest()


def _digest_of_file(file: UploadedFile[bytes]) -> list[str | None]:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]


def _known(request: Request, key: str, digest: bytes) -> IdempotentAnswer | None:
    """Return the answer of the request that this one repeats, if it does."""
    owner = user_of(request)
    try:
        answers.claim(owner=owner, key=key)
    except answers.KeyInUse as exc:
        raise KeyInUse() from exc
    known = answers.kept(owner=owner, key=key, at=timezone.now())
    if known is not None and bytes(known.request_digest) != digest:
        raise KeyReused()
    return known


def _again(request: Request, known: IdempotentAnswer) -> HttpResponseBase:
    headers = known.headers | {"Idempotency-Replayed": "true"}
    body = bytes(known.body)
    if body and request.accepted_renderer.format == "json":
        return HttpResponse(
            body,
            status=known.status,
            headers=headers,
            content_type=JSONRenderer.media_type,
        )
    answer = orjson.loads(body) if body else None
    return Response(answer, status=known.status, headers=headers)


def _keep(
    request: Request, key: str, digest: bytes, response: HttpResponseBase
) -> None:
    assert isinstance(response, Response)
    if response.status_code >= 400:
        transaction.set_rollback(True)
        return
    headers = dict(response.headers)
    del headers["Content-Type"]  # set for real when it is rendered
    answers.keep(
        owner=user_of(request),
        key=key,
        request_digest=digest,
        status=response.status_code,
        headers=headers,
        body=JSONRenderer().render(response.data),
        at=timezone.now(),
    )
