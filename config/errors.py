"""Error responses that no view gives: unknown paths, refusals and server errors.

Under `/api/` they are problem documents, elsewhere pages.
"""

import logging
import math
import sys
import traceback

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions

from config import drafts
from config.api.problems import (
    MEDIA_TYPE,
    RETRY_AFTER_OUTAGE,
    PayloadTooLarge,
    Unavailable,
    problem_document,
    problem_headers,
)
from config.origins import is_own

logger = logging.getLogger(__name__)


class InternalError(exceptions.APIException):
    """500: a bug in this service, to be reported with the id of the request."""

    default_detail = (
        "An internal error occurred. Report it with the X-Request-ID header."
    )
    default_code = "internal_error"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return answer(request, PayloadTooLarge())
    return answer(request, exceptions.ParseError("The request can't be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, exceptions.PermissionDenied())


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, exceptions.NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 when the database is unavailable, and 500 for any other error.

    Django's own report is switched off, because it quotes the path and the error.
    """
    error = sys.exc_info()[1]
    if isinstance(error, exceptions.APIException):  # raised outside any view
        return answer(request, error)
    is_outage = isinstance(error, OperationalError | InterfaceError)
    logger.error("unavailable" if is_outage else "server error", exc_info=True)
    _clear_frames(error)
    return answer(request, Unavailable() if is_outage else InternalError())


def _clear_frames(error: BaseException | None) -> None:
    """Clear the local variables in the frames of an error and of its causes.

    The frames that passed the error on refer to it. Without this it would live until
    the next garbage collection, with every cursor that was open; see `config.sqlite`.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        waiting += [one.__cause__, one.__context__]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose CSRF cookie and field differ, mostly after a new sign-in.

    The input becomes a draft only if the form was on a page of this site.
    """
    if not is_own(request, request.headers.get("Origin", "")):
        return _expired(request, "Go back, reload the page and send the form again.")
    try:
        back = drafts.way_back(request)
    except drafts.Refused as refusal:
        return not_kept(request, refusal)
    return _expired(request, "Continue, and send the form again.", back)


def _expired(request: HttpRequest, text: str, back: str = "") -> HttpResponse:
    return _page(
        request,
        403,
        "This page has expired",
        "You signed in again after you opened it, or cookies are blocked. Nothing was"
        f" saved. {text}",
        back,
    )


def not_kept(request: HttpRequest, refusal: drafts.Refused) -> HttpResponse:
    """Refuse a form that can't be saved now and whose input can't be kept."""
    return _page(
        request,
        403,
        "Your changes were not saved",
        f"{refusal} Go back in your browser and copy your text. Then sign in again.",
    )


def answer(request: HttpRequest, refusal: exceptions.APIException) -> HttpResponse:
    """Return the refusal as a problem document or as a page, depending on the path."""
    if request.path_info.startswith("/api/"):
        response: HttpResponse = JsonResponse(
            problem_document(refusal),
            status=refusal.status_code,
            content_type=MEDIA_TYPE,
        )
    else:
        title, text = PAGES.get(refusal.status_code, PAGES[500])
        wait = getattr(refusal, "wait", None)
        if refusal.status_code == 429 and wait is not None:
            text = f"Try again in {wait_in_words(wait)}."
        response = _page(request, refusal.status_code, title, text)
    for name, value in problem_headers(refusal).items():
        response[name] = value
    return response


def wait_in_words(seconds: float) -> str:
    """Return a waiting time in words, rounded up."""
    if seconds <= 60:
        return "a minute"
    return f"{math.ceil(seconds / 60)} minutes"


PAGES = {
    400: ("Bad request", "The request can't be read. Go back and try again."),
    403: ("Access denied", "You are not allowed to open this page."),
    404: ("Page not found", "This page does not exist, or it isn't yours."),
    408: ("Request timed out", "The connection was slow or lost. Try again."),
    413: ("Request too large", "A file to import can have 20 MB, and a form 1 MB."),
    429: ("Too many attempts", "Wait a few minutes, then try again."),
    431: ("Request headers too large", "Delete this site's cookies, then reload."),
    500: ("Something went wrong", "This is our fault. Nothing was partially saved."),
    503: ("Temporarily unavailable", "Ownlist can't be reached. Try again shortly."),
}


def _page(
    request: HttpRequest, status: int, title: str, text: str, back: str = ""
) -> HttpResponse:
    # Without user and session: they may be what failed.
    context = {
        "title": title,
        "text": text,
        "status": status,
        "back": back,
    }
    return render(request, "shared/error.html", context, status=status)


__all__ = [
    "RETRY_AFTER_OUTAGE",
    "bad_request",
    "csrf_failure",
    "not_kept",
    "page_not_found",
    "permission_denied",
    "server_error",
]
