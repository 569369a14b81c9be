"""The pages of errors: what happened, what to do now, and what the user had written.

They need neither the user nor the session nor the database, as these may have failed.
"""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from config import drafts
from config.logs import request_id
from config.origins import is_own

# By status: what happened, and what to do now.
TEXTS = {
    400: ("Bad request", "The request can't be read. Reload the page and try again."),
    403: (
        "Access denied",
        "Your account may not open this page. If you have another one, sign in to it.",
    ),
    404: (
        "Page not found",
        "This page does not exist, or it isn't yours. Deleted tasks are in the trash.",
    ),
    405: (
        "This page only takes a form",
        "Its address belongs to a button. Go back, and press the button there.",
    ),
    408: ("Request timed out", "The connection was slow or lost. Send it again."),
    413: (
        "Request too large",
        "A form can have {form}, and a file to import {file}. Shorten or split it.",
    ),
    429: ("Too many attempts", "Nothing was saved. Try again in {wait}."),
    431: ("Request headers too large", "Delete this site's cookies, then reload."),
    500: (
        "Something went wrong",
        "This is our fault. Nothing was partially saved. Try again. If it happens"
        " again, give the administrator this number: {request_id}",
    ),
    503: (
        "Temporarily unavailable",
        "Your tasks are safe, but can't be reached now. Try again in {wait}.",
    ),
}


def error_page(
    request: HttpRequest, status: int, *, wait: float | None = None
) -> HttpResponse:
    """Return the page of an error. `wait` is in seconds, if it is known."""
    title, text = TEXTS.get(status, TEXTS[500])
    shown = text.format(
        wait="a few minutes" if wait is None else wait_in_words(wait),
        form=_size_in_words(settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        file=_size_in_words(settings.IMPORT_MAX_BYTES),
        request_id=request_id.get(),
    )
    return page_of(request, status, title, shown, fields=drafts.unsent(request))


def page_of(
    request: HttpRequest,
    status: int,
    title: str,
    text: str,
    *,
    onward: str = "",
    fields: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    """Return a page with these texts.

    `onward` is the path of a "Continue" link. The `fields` of a form that was refused
    can be sent again from the page.
    """
    context = {
        "title": title,
        "text": text,
        "status": status,
        "onward": onward,
        "fields": fields or [],
        "texts": [value for _, value in fields or [] if " " in value],
        "back": _came_from(request),
        "trash": reverse("todos:task-trash") if status == 404 else "",
    }
    return render(request, "shared/error.html", context, status=status)


def wait_in_words(seconds: float) -> str:
    """Return a waiting time in words, rounded up."""
    if seconds <= 60:
        return "a minute"
    if seconds <= 90 * 60:
        return f"{math.ceil(seconds / 60)} minutes"
    return f"{math.ceil(seconds / 3600)} hours"


def _size_in_words(size: int) -> str:
    return f"{size // 1024 // 1024} MB"


def _came_from(request: HttpRequest) -> str:
    """Return the path of the page with the link or form, if it is another of ours."""
    try:
        url = urlsplit(request.headers.get("Referer", "")[: drafts.NEXT_MAX_LENGTH])
        is_ours = is_own(request, f"{url.scheme}://{url.netloc}")
    except (ValueError, DisallowedHost):
        return ""
    path = f"{url.path}?{url.query}" if url.query else url.path
    is_other = url.path != request.path
    return path if is_ours and is_other and drafts.is_own_path(path, request) else ""
