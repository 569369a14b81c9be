"""The endpoints of labels."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request

from config.api.conditional import conditional_response, etag, expected_version
from config.api.fields import select_fields
from config.api.responses import Response
from config.api.scopes import READ, WRITE
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers.labels import (
    LabelMergeSerializer,
    LabelPageSerializer,
    LabelQuerySerializer,
    LabelSerializer,
)
from todos.models import Label


class LabelEndpoint(OwnedEndpoint):
    """The base class of the endpoints of labels."""

    tag = "labels"

    def answer(
        self,
        label: Label,
        *,
        status: int = status.HTTP_200_OK,
        fields: Collection[str] | None = None,
    ) -> Response:
        """Return the response for a label, or 304 if the client has this version."""
        body = select_fields(LabelSerializer(label).data, fields)
        return conditional_response(
            self.request, body, tag=etag(label.version), status=status
        )


class LabelListView(LabelEndpoint):
    """The user's labels."""

    name = "Labels"
    scopes = {"GET": READ, "POST": WRITE}
    input_class = LabelSerializer
    is_versioned = True

    @extend_schema(
        operation_id="labels_list",
        parameters=[LabelQuerySerializer],
        responses=LabelPageSerializer,
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """List the labels by name. There is only one page."""
        query = self.validated_query(request, LabelQuerySerializer)
        labels = Label.objects.owned_by(request.user).order_by("key")
        rows = LabelSerializer(labels, many=True).data
        results = [select_fields(row, query["fields"]) for row in rows]
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(operation_id="labels_create", responses={201: LabelSerializer})
    def post(self, request: Request, **kwargs: object) -> Response:
        """Create a label."""
        new = actions.create_label(self.caller, **self.validated(request))
        return self.answer(new, status=status.HTTP_201_CREATED)


class LabelDetailView(LabelEndpoint):
    """One of the user's labels."""

    name = "Label"
    scopes = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}
    input_class = LabelSerializer
    is_versioned = True

    @extend_schema(
        operation_id="labels_retrieve",
        parameters=[LabelQuerySerializer],
        responses=LabelSerializer,
    )
    def get(self, request: Request, label_id: UUID, **kwargs: object) -> Response:
        """Get a label."""
        query = self.validated_query(request, LabelQuerySerializer)
        label = Label.objects.owned_by(request.user).get(pk=label_id)
        return self.answer(label, fields=query["fields"])

    @extend_schema(operation_id="labels_partial_update", responses=LabelSerializer)
    def patch(self, request: Request, label_id: UUID, **kwargs: object) -> Response:
        """Update the fields of a label that are sent."""
        label = actions.update_label(
            self.caller,
            label_id=label_id,
            changes=self.validated(request),
            version=expected_version(request),
        )
        return self.answer(label)

    @extend_schema(operation_id="labels_destroy", responses={204: None})
    def delete(self, request: Request, label_id: UUID, **kwargs: object) -> Response:
        """Delete a label and remove it from all tasks; undo restores both."""
        actions.delete_label(
            self.caller, label_id=label_id, version=expected_version(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class LabelMergeView(LabelEndpoint):
    """Merge a label into another: its tasks get the other one, and it is deleted."""

    name = "Merge a label"
    scopes = {"POST": WRITE}
    input_class = LabelMergeSerializer
    is_versioned = True

    @extend_schema(operation_id="labels_merge", responses=LabelSerializer)
    def post(self, request: Request, label_id: UUID, **kwargs: object) -> Response:
        """Replace a label by another on all tasks; undo restores both."""
        kept = actions.merge_labels(
            self.caller,
            label_id=label_id,
            **self.validated(request),
            version=expected_version(request),
        )
        return self.answer(kept)
