"""What the list endpoints take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsField, names_of
from config.text import TextField
from todos.api.serializers.fields import BoundedDateTimeField
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models import Colour


class ListSerializer(serializers.Serializer[Any]):
    """A list of tasks in v1."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(max_length=LIST_NAME_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices, default=Colour.GREY)
    position = serializers.IntegerField(read_only=True)
    archived_at = BoundedDateTimeField(
        allow_null=True, default=None, help_text="Null while the list is in use."
    )
    is_inbox = serializers.BooleanField(read_only=True)
    open_count = serializers.IntegerField(
        read_only=True,
        min_value=0,
        help_text="How many of its tasks are open, not counting steps.",
    )


class ListPageSerializer(serializers.Serializer[Any]):
    """All lists at once, so `next` and `previous` are null."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = ListSerializer(many=True, read_only=True)


class ListQuerySerializer(serializers.Serializer[Any]):
    """How `GET lists/{id}` is asked."""

    fields = FieldsField(names_of(ListSerializer))  # type: ignore[assignment]


class ListPageQuerySerializer(ListQuerySerializer):
    """How `GET lists` is asked."""

    VIEWS = ("all", "active", "archived", "trash")

    view = serializers.ChoiceField(
        VIEWS,
        default="all",
        help_text="Which lists: `all` is everything but the trash.",
    )


class ListDeletionSerializer(serializers.Serializer[Any]):
    """How `DELETE lists/{id}` is asked."""

    move_to = serializers.UUIDField(
        default=None, help_text="Move the tasks to this list instead of the trash."
    )
