"""The signed-in person's labels."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.conditional import etag, expected_version, tagged
from config.api.fields import picked
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers.labels import (
    LabelPageSerializer,
    LabelQuerySerializer,
    LabelSerializer,
)
from todos.models import Label


class LabelEndpoint(OwnedEndpoint):
    """What the endpoints of labels share."""

    schema_tag = "labels"

    def answer(
        self,
        label: Label,
        *,
        status: int = status.HTTP_200_OK,
        fields: Collection[str] | None = None,
    ) -> Response:
        """Answer with a label, or 304 where the caller has this version."""
        body = picked(LabelSerializer(label).data, fields)
        return tagged(self.request, body, tag=etag(label.version), status=status)

    def validated(self, *, partial: bool = False) -> dict[str, Any]:
        """Return the body as the actions want it, or answer 400."""
        serializer = LabelSerializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(serializer.validated_data)
        return changes


class LabelListView(LabelEndpoint):
    """The caller's labels."""

    name = "Labels"
    operations = {
        "GET": "labels_list",
        "POST": "labels_create",
    }
    tagged = ("POST",)

    @extend_schema(parameters=[LabelQuerySerializer], responses=LabelPageSerializer)
    def get(self, request: Request, **kwargs: Any) -> Response:
        """List the labels by name. They are few, so all come at once."""
        query = self.checked_query(LabelQuerySerializer)
        labels = Label.objects.owned_by(request.user).order_by("key")
        rows = LabelSerializer(labels, many=True).data
        results = [picked(row, query["fields"]) for row in rows]
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(request=LabelSerializer, responses={201: LabelSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Create a label."""
        new = actions.create_label(self.caller, **self.validated())
        return self.answer(new, status=status.HTTP_201_CREATED)


class LabelDetailView(LabelEndpoint):
    """One of the caller's labels."""

    name = "Label"
    operations = {
        "GET": "labels_retrieve",
        "PATCH": "labels_partial_update",
        "DELETE": "labels_destroy",
    }
    tagged = ("GET", "PATCH")
    conditional = ("PATCH", "DELETE")

    @extend_schema(parameters=[LabelQuerySerializer], responses=LabelSerializer)
    def get(self, request: Request, label_id: UUID, **kwargs: Any) -> Response:
        """Return a label."""
        query = self.checked_query(LabelQuerySerializer)
        label = Label.objects.owned_by(request.user).get(pk=label_id)
        return self.answer(label, fields=query["fields"])

    @extend_schema(request=LabelSerializer(partial=True), responses=LabelSerializer)
    def patch(self, request: Request, label_id: UUID, **kwargs: Any) -> Response:
        """Change the fields of a label that are sent."""
        label = actions.update_label(
            self.caller,
            label_id=label_id,
            changes=self.validated(partial=True),
            version=expected_version(request),
        )
        return self.answer(label)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, label_id: UUID, **kwargs: Any) -> Response:
        """Take the label from every task, and delete it; undo brings it back."""
        actions.delete_label(
            self.caller, label_id=label_id, version=expected_version(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
