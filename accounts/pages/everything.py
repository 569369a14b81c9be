"""Downloading everything that belongs to the account."""

from __future__ import annotations

from datetime import datetime

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from rest_framework.exceptions import Throttled

from accounts import archive, events
from accounts.authentication import user_of
from accounts.credentials import reload_user
from accounts.models import SecurityEvent, User
from accounts.pages.recent_sign_in import recent_sign_in_required
from config.api.throttling import count_request


@method_decorator(recent_sign_in_required, name="dispatch")
class EverythingView(TemplateView):
    """Say what is in the archive. Sending the form downloads it."""

    template_name = "accounts/everything.html"
    extra_context = {"parts": archive.PARTS}  # noqa: RUF012 - never changed

    def post(self, request: HttpRequest) -> HttpResponseBase:
        return download(reload_user(user_of(request)), at=timezone.now())


def download(user: User, *, at: datetime) -> FileResponse:
    """Return the archive as a download, and record that it was made."""
    reading = count_request("export", str(user.pk), now=at.timestamp())
    if reading.wait is not None:
        raise Throttled(wait=reading.wait)
    file = archive.archive_file(user, at=at)
    events.record(user, SecurityEvent.Kind.EXPORTED, at=at, about="everything")
    return FileResponse(
        file,
        as_attachment=True,
        filename=archive.filename(at=at),
        content_type="application/zip",
    )
