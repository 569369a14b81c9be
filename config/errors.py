"""Error responses that no view gives: unknown paths, refusals and server errors.

Under `/api/` they are problem documents, elsewhere pages.
"""

import logging
import sys
import traceback

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions

from config import drafts
from config.api.problems import (
    MEDIA_TYPE,
    RETRY_AFTER_OUTAGE,
    PayloadTooLarge,
    Unavailable,
    code_of,
    problem_document,
    problem_headers,
)
from config.error_pages import error_page, page_of
from config.metrics.registry import registry
from config.origins import is_own
from config.outages import note_failure, part_of
from config.readiness import lacks_migration

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
    """Return 503 when database or cache are unavailable, 500 for any other error.

    Django's own report is switched off, because it quotes the path and the error.
    """
    error = sys.exc_info()[1]
    if isinstance(error, exceptions.APIException):  # raised outside any view
        return answer(request, error)
    is_outage = error is not None and part_of(error) is not None
    if error is not None and is_outage:
        note_failure(error)
    elif lacks_migration(error):
        is_outage = True
    else:
        match = request.resolver_match
        fields = {"method": request.method, "route": match.route if match else ""}
        logger.error("server error", exc_info=True, extra=fields)
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
        onward = drafts.way_back(request)
    except drafts.Refused as refusal:
        return not_kept(request, refusal)
    return _expired(request, "Continue, and send the form again.", onward)


def _expired(request: HttpRequest, text: str, onward: str = "") -> HttpResponse:
    return page_of(
        request,
        403,
        "This page has expired",
        "You signed in again after you opened it, or cookies are blocked. Nothing was"
        f" saved. {text}",
        onward=onward,
    )


def not_kept(request: HttpRequest, refusal: drafts.Refused) -> HttpResponse:
    """Refuse a form that can't be saved now and whose input can't be kept."""
    return page_of(
        request,
        403,
        "Your changes were not saved",
        f"{refusal} Go back in your browser and copy your text. Then sign in again.",
    )


def answer(request: HttpRequest, refusal: exceptions.APIException) -> HttpResponse:
    """Return the refusal as a problem document or as a page, depending on the path."""
    registry.count("refusals", code_of(refusal))
    if request.path_info.startswith("/api/"):
        response: HttpResponse = JsonResponse(
            problem_document(refusal),
            status=refusal.status_code,
            content_type=MEDIA_TYPE,
        )
    else:
        wait = getattr(refusal, "wait", None)
        response = error_page(request, refusal.status_code, wait=wait)
    for name, value in problem_headers(refusal).items():
        response[name] = value
    return response


__all__ = [
    "RETRY_AFTER_OUTAGE",
    "bad_request",
    "csrf_failure",
    "not_kept",
    "page_not_found",
    "permission_denied",
    "server_error",
]
