"""`Idempotency-Key`: a POST that is sent again acts once.

See draft-ietf-httpapi-idempotency-key-header.
The first answer is kept for a day with what was done, in one transaction, and is given
again, byte for byte. A refused request has done nothing, so nothing of it is kept: the
same key may carry the corrected body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from config.api.idempotency import KeyInUse, KeyReused, digest_of, key_of
from config.api.renderers import JSONRenderer
from todos import idempotency
from todos.models import IdempotentAnswer

Handler = Callable[..., HttpResponseBase]


def once(act: Handler, *, prepare: Callable[[Request], None] | None = None) -> Handler:
    """Return the handler `act`, which then acts once for each key of a user.

    `prepare` does, before the transaction, what needs none; not for a repetition.
    """

    def handler(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = key_of(request)
        if key is None:
            return act(request, *args, **kwargs)
        digest = digest_of(request)
        if prepare and not idempotency.has_answer(owner=user_of(request), key=key):
            prepare(request)
        with transaction.atomic():
            if known := _known(request, key, digest):
                return _again(request, known)
            response = act(request, *args, **kwargs)
            _keep(request, key, digest, response)
        return response

    return handler


def _known(request: Request, key: str, digest: bytes) -> IdempotentAnswer | None:
    """Return the answer of the request that this one repeats, if it does."""
    owner = user_of(request)
    try:
        idempotency.claim(owner=owner, key=key)
    except idempotency.KeyInUse as exc:
        raise KeyInUse() from exc
    known = idempotency.find_answer(owner=owner, key=key, at=timezone.now())
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
    idempotency.store_answer(
        owner=user_of(request),
        key=key,
        request_digest=digest,
        status=response.status_code,
        headers=headers,
        body=JSONRenderer().render(response.data),
        at=timezone.now(),
    )
