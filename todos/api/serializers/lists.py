"""Requests and responses of the list endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsQuerySerializer
from config.text import TextField
from todos.api.serializers.fields import BoundedDateTimeField
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models import Colour


class ListSerializer(serializers.Serializer[Any]):
    """A list of tasks."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(max_length=LIST_NAME_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices, default=Colour.GREY)
    position = serializers.IntegerField(read_only=True)
    archived_at = BoundedDateTimeField(
        allow_null=True, default=None, help_text="Null unless the list is archived."
    )
    is_inbox = serializers.BooleanField(read_only=True)
    open_count = serializers.IntegerField(
        read_only=True,
        min_value=0,
        help_text="Number of open tasks, not counting steps.",
    )


class ListPageSerializer(serializers.Serializer[None]):
    """All lists on one page; `next` and `previous` are null."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = ListSerializer(many=True, read_only=True)


class ListQuerySerializer(FieldsQuerySerializer):
    """Query parameters of `GET lists/{id}`."""

    shows = ListSerializer


class ListPageQuerySerializer(ListQuerySerializer):
    """Query parameters of `GET lists`."""

    VIEWS = ("all", "active", "archived", "trash")

    view = serializers.ChoiceField(
        VIEWS,
        default="all",
        help_text="Which lists: `all` is everything except the trash.",
    )


class ListDeletionSerializer(serializers.Serializer[None]):
    """Query parameters of `DELETE lists/{id}`."""

    move_to = serializers.UUIDField(
        default=None, help_text="Move the tasks to this list instead of the trash."
    )
