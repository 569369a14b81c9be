"""Forms that a browser sends again until it gets an answer, as after it was offline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from config.api.idempotency import KEY
from todos import idempotency
from todos.pages.mixins import UserPageMixin

Post = Callable[..., HttpResponse]


def once(post: Post) -> Post:
    """Return `post` so that it runs once for each `Idempotency-Key` of a user.

    As in the API, the key is stored with the changes, for a day. A repeated form is
    only redirected. One with errors has changed nothing, so its key stays free.
    """

    @wraps(post)
    def post_once(
        self: UserPageMixin, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            return post(self, request, *args, **kwargs)
        with transaction.atomic():
            try:
                idempotency.claim(owner=self.user, key=key)
            except idempotency.KeyInUse:
                # The first request is still at work.
                return HttpResponse(status=503, headers={"Retry-After": "1"})
            if idempotency.find_answer(owner=self.user, key=key, at=self.now):
                return self.redirect_to_next()
            response = post(self, request, *args, **kwargs)
            if response.status_code < 400:
                _store(self, key, response)
            else:
                transaction.set_rollback(True)
        return response

    return post_once


def _store(page: UserPageMixin, key: str, response: HttpResponse) -> None:
    path = page.request.path
    idempotency.store_answer(
        owner=page.user,
        key=key,
        request_digest=hashlib.sha256(path.encode()).digest(),
        status=response.status_code,
        headers={},
        body=b"",
        at=page.now,
    )
