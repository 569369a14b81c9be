"""`Idempotency-Key`: a POST that is sent again is carried out once.

See draft-ietf-httpapi-idempotency-key-header.
The first response is stored for a day, in the same transaction as its changes, and
repeated byte for byte. A rejected request has changed nothing, so its response is not
stored: the same key can be sent with the corrected body.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import orjson
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from accounts.authentication import credential_of, user_of
from accounts.credentials import Credential
from config.api.idempotency import KeyInUse, KeyReused, digest_of, key_of
from config.api.renderers import JSONRenderer
from config.api.responses import Response
from todos import idempotency
from todos.models import IdempotentAnswer

Handler = Callable[..., HttpResponseBase]


def once(
    handler: Handler, *, prepare: Callable[[Request], None] | None = None
) -> Handler:
    """Return `handler` so that it runs once for each key of a user.

    `prepare` does work that needs no transaction, before the transaction begins. It is
    skipped for a repeated request.
    """

    def handle_once(
        request: Request, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        sent = key_of(request)
        if sent is None:
            return handler(request, *args, **kwargs)
        key = _key_of_credential(sent, credential_of(request))
        digest = digest_of(request)
        if prepare and not idempotency.has_answer(owner=user_of(request), key=key):
            prepare(request)
        with transaction.atomic():
            if stored := _stored_answer(request, key, digest):
                return _replay(request, stored)
            response = handler(request, *args, **kwargs)
            _store(request, key, digest, response)
        return response

    return handle_once


def _key_of_credential(key: str, credential: Credential) -> str:
    """Return the key under which the response is stored.

    A personal access token has keys of its own for each set of scopes: it never gets a
    response that was given to another credential, which may read more.
    """
    if credential.scopes is None:
        return key
    parts = [str(credential), *sorted(credential.scopes), key]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _stored_answer(
    request: Request, key: str, digest: bytes
) -> IdempotentAnswer | None:
    """Return the response to an earlier request with this key, if there is one."""
    owner = user_of(request)
    try:
        idempotency.claim(owner=owner, key=key)
    except idempotency.KeyInUse as exc:
        raise KeyInUse() from exc
    stored = idempotency.find_answer(owner=owner, key=key, at=timezone.now())
    if stored is not None and bytes(stored.request_digest) != digest:
        raise KeyReused()
    return stored


def _replay(request: Request, stored: IdempotentAnswer) -> HttpResponseBase:
    headers = stored.headers | {"Idempotency-Replayed": "true"}
    body = bytes(stored.body)
    if body and request.accepted_renderer.format == "json":
        return HttpResponse(
            body,
            status=stored.status,
            headers=headers,
            content_type=JSONRenderer.media_type,
        )
    answer = orjson.loads(body) if body else None
    return Response(answer, status=stored.status, headers=headers)


def _store(
    request: Request, key: str, digest: bytes, response: HttpResponseBase
) -> None:
    assert isinstance(response, Response)
    if response.status_code >= 400:
        transaction.set_rollback(True)
        return
    headers = dict(response.headers)
    del headers["Content-Type"]  # the renderer sets it
    idempotency.store_answer(
        owner=user_of(request),
        key=key,
        request_digest=digest,
        status=response.status_code,
        headers=headers,
        body=JSONRenderer().render(response.data),
        at=timezone.now(),
    )
