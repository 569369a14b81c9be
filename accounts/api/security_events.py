"""The security events of the signed-in user, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.authentication import user_of
from accounts.event_chains import content_of
from accounts.event_filters import FILTERS, filtered
from accounts.event_words import rows_of
from accounts.models import Chain, EventChain, SecurityEvent
from config.api.fields import FieldsQuerySerializer, select_fields
from config.api.pagination import (
    Cursor,
    cursor_field,
    page_body,
    page_of,
    page_size_field,
)
from config.api.responses import Response
from config.api.scopes import SECURITY
from config.api.views import Endpoint
from config.json import JSONObject

ORDERING = "-at"
COLUMNS = ("id", "user_id", "kind", "at", "by_digest", "about", "request_id")
COLUMNS_OF_CHAIN = ("chain", "number", "digest", "previous")


class SecurityEventSerializer(serializers.Serializer[SecurityEvent]):
    """Something that concerns the security of the account.

    `digest` is the SHA-256 of the fields `about`, `at`, `by`, `chain`, `id`, `kind`,
    `number`, `previous`, `request_id` and `user`, as JSON with sorted keys and without
    spaces. `previous` is the digest of the event before it in its chain.
    """

    id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(SecurityEvent.Kind.choices, read_only=True)
    at = serializers.DateTimeField(
        read_only=True, help_text="In UTC to the microsecond, as `digest` covers it."
    )
    what = serializers.CharField(read_only=True, help_text="In words, for the user.")
    detail = serializers.CharField(
        read_only=True, help_text="What it concerns, in words; may be empty."
    )
    is_by_support = serializers.BooleanField(
        read_only=True, help_text="Whether a member of staff did it."
    )
    about = serializers.CharField(
        read_only=True,
        help_text="What it concerns: a kind of credential, a device or an id.",
    )
    by = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="A digest of the member of staff, or null if it was not support.",
    )
    request_id = serializers.CharField(
        read_only=True, help_text="The `X-Request-ID` of the request."
    )
    user = serializers.UUIDField(read_only=True)
    chain = serializers.ChoiceField(
        Chain.choices,
        read_only=True,
        help_text="What others tried has a chain of its own.",
    )
    number = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="1, 2, 3 … in its chain; null until an event that an older version"
        " recorded is added to it.",
    )
    previous = serializers.CharField(
        read_only=True, help_text="Empty for the first event of a chain."
    )
    digest = serializers.CharField(read_only=True)


class SecurityEventPageSerializer(serializers.Serializer[None]):
    """A page of events; `next` and `previous` are the URLs of the adjacent pages."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = SecurityEventSerializer(many=True, read_only=True)


class SecurityEventQuerySerializer(FieldsQuerySerializer):
    """Query parameters of `GET security-events`."""

    shows = SecurityEventSerializer

    show = serializers.ChoiceField(
        [(name, label) for name, (label, _) in FILTERS.items()],
        default=None,
        help_text="Only events about this. By default all events.",
    )
    page_size = page_size_field("Number of events per response.")
    cursor = cursor_field()


class SecurityEventsView(Endpoint):
    """What happened to the security of the account."""

    name = "Security events"
    scopes = {"GET": SECURITY}
    tag = "auth"

    @extend_schema(
        operation_id="security_events_list",
        parameters=[SecurityEventQuerySerializer],
        responses=SecurityEventPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List the security events, the latest first.

        Each holds what its digest covers, so that a client can verify that none was
        changed or removed: sort the events by `chain` and `number`.
        """
        query = self.validated_query(request, SecurityEventQuerySerializer)
        cursor = query["cursor"] and Cursor.decode(query["cursor"], ordering=ORDERING)
        events: QuerySet[SecurityEvent] = user_of(request).security_events.all()
        if query["show"]:
            events = filtered(events, query["show"])
        page = page_of(
            _with_previous(events).values(*COLUMNS, *COLUMNS_OF_CHAIN),
            ordering=ORDERING,
            size=query["page_size"],
            cursor=cursor,
        )
        results = [select_fields(_shown(row), query["fields"]) for row in page.rows]
        return Response(page_body(request, page, results))


def _with_previous(events: QuerySet[SecurityEvent]) -> QuerySet[SecurityEvent]:
    """Add the digest before each event; that may be the last deleted one."""
    before = SecurityEvent.objects.filter(
        user=OuterRef("user"), chain=OuterRef("chain"), number=OuterRef("number") - 1
    )
    chain = EventChain.objects.filter(
        user=OuterRef("user"),
        chain=OuterRef("chain"),
        deleted_number=OuterRef("number") - 1,
    )
    return events.annotate(
        previous=Coalesce(
            Subquery(before.values("digest")),
            Subquery(chain.values("deleted_digest")),
            Value(""),
        )
    )


def _shown(row: Mapping[str, Any]) -> JSONObject:
    columns = {name: row[name] for name in row if name != "previous"}
    event = SecurityEvent(**columns)
    (words,) = rows_of([event])
    return {
        **content_of(event, row["previous"]),
        "what": words.what,
        "detail": words.detail,
        "is_by_support": words.is_by_support,
        "digest": event.digest,
    }
