"""What the label endpoints take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsField, names_of
from config.text import TextField
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Colour


class LabelSerializer(serializers.Serializer[Any]):
    """A label in v1. Its name is unique without regard to case."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(max_length=LABEL_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices, default=Colour.GREY)


class LabelQuerySerializer(serializers.Serializer[Any]):
    """How `GET labels` and `GET labels/{id}` are asked."""

    fields = FieldsField(names_of(LabelSerializer))  # type: ignore[assignment]


class LabelPageSerializer(serializers.Serializer[Any]):
    """All labels at once, so `next` and `previous` are null."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = LabelSerializer(many=True, read_only=True)
