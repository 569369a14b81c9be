"""The pages of the security events: all of them in words, and the file to verify."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.views.generic import TemplateView, View

from accounts.authentication import user_of
from accounts.event_chains import content_of
from accounts.event_filters import FILTERS, filtered
from accounts.event_words import rows_of
from accounts.models import SecurityEvent, User
from config.read_snapshot import read_snapshot
from config.whole_file import whole_file

PAGE_SIZE = 50


class SecurityEventsView(TemplateView):
    """All events, the latest first, by pages and by what they are about."""

    template_name = "accounts/security_events.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        user, chosen = user_of(self.request), self.request.GET.get("show", "")
        events = _shown(user, chosen, self.request.GET.get("before", ""))
        page = list(events.order_by("-at", "-pk")[: PAGE_SIZE + 1])
        older = page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None
        return super().get_context_data(
            events=rows_of(page[:PAGE_SIZE]),
            older=older,
            chosen=chosen if chosen in FILTERS else "",
            filters=[(name, label) for name, (label, _) in FILTERS.items()],
            heads=user.event_chains.order_by("chain"),
            **kwargs,
        )


def _shown(user: User, chosen: str, before: str) -> QuerySet[SecurityEvent]:
    """Return the events of the filter that are older than the one with this id.

    What is unknown, or belongs to another user, filters nothing.
    """
    events: QuerySet[SecurityEvent] = user.security_events.all()
    if chosen in FILTERS:
        events = filtered(events, chosen)
    try:
        last = user.security_events.filter(pk=UUID(before)).first()
    except ValueError:
        last = None
    if last is not None:
        events = events.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    return events


class DownloadView(View):
    """The events as JSON lines, with all that a verifier needs."""

    def get(self, request: HttpRequest) -> FileResponse:
        day = timezone.now().date()
        return FileResponse(
            whole_file(_lines_of(user_of(request))),
            as_attachment=True,
            filename=f"ownlist-security-events-{day}.jsonl",
            content_type="application/jsonl",
        )


def _lines_of(user: User) -> Iterator[bytes]:
    """Yield each event with the digest before it and its own, chain by chain."""
    with read_snapshot():
        begins = user.event_chains.values_list("chain", "deleted_digest")
        digests: dict[str, str] = dict(begins)
        events = user.security_events.filter(number__isnull=False)
        for event in events.order_by("chain", "number").iterator(1_000):
            content = content_of(event, digests.get(event.chain, ""))
            line = json.dumps({**content, "digest": event.digest})
            yield line.encode("ascii") + b"\n"
            digests[event.chain] = event.digest
