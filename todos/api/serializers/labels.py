"""Requests and responses of the label endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsQuerySerializer
from config.text import TextField
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Colour


class LabelSerializer(serializers.Serializer[Any]):
    """A label. Names are unique regardless of case."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(max_length=LABEL_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices, default=Colour.GREY)


class LabelQuerySerializer(FieldsQuerySerializer):
    """Query parameters of `GET labels` and `GET labels/{id}`."""

    shows = LabelSerializer


class LabelMergeSerializer(serializers.Serializer[None]):
    """The label that the tasks get instead."""

    into = serializers.UUIDField(help_text="The id of the other label.")


class LabelPageSerializer(serializers.Serializer[None]):
    """All labels on one page; `next` and `previous` are null."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = LabelSerializer(many=True, read_only=True)
