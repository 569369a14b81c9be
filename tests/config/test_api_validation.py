"""Validating requests with serializers that are kept."""

from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers

from config.api.validation import validated


class GreetingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(default="you")
    word = serializers.CharField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"context": dict(self.context)}


class VisitSerializer(serializers.Serializer[Any]):
    """Fields that may be missing, each in another way."""

    host = serializers.CharField()
    note = serializers.CharField(required=False)
    guests = serializers.ListField(default=list)
    day = serializers.DateField(allow_null=True, default=None)
    is_long = serializers.BooleanField(default=True)
    is_outside = serializers.BooleanField(required=False)
    place = serializers.CharField(source="room", default="kitchen")
    meal = serializers.CharField(default="tea")

    def validate_meal(self, value: str) -> str:
        if value == "none":
            raise serializers.ValidationError("There must be a meal.")
        return value.upper()


def test_a_request_sees_nothing_of_the_one_before() -> None:
    first = validated(GreetingSerializer, {"name": "A", "word": "Hi"}, context={"a": 1})
    assert first == {"name": "A", "word": "Hi", "context": {"a": 1}}
    with pytest.raises(serializers.ValidationError):
        validated(GreetingSerializer, {"name": "B"}, context={"b": 2})
    third = validated(GreetingSerializer, {"word": "Ho"})
    assert third == {"name": "you", "word": "Ho", "context": {}}


def test_only_a_partial_body_may_omit_required_fields() -> None:
    assert validated(GreetingSerializer, {}, partial=True) == {"context": {}}
    with pytest.raises(serializers.ValidationError):
        validated(GreetingSerializer, {})


@pytest.mark.parametrize("data", [None, [], "text", {}, {"word": ["Hi"]}])
def test_errors_are_those_of_rest_framework(data: object) -> None:
    serializer = GreetingSerializer(data=data)
    assert not serializer.is_valid()
    with pytest.raises(serializers.ValidationError) as refusal:
        validated(GreetingSerializer, data)
    assert refusal.value.detail == serializer.errors


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"host": "Alice"},
        {"host": "Alice", "note": "bring a cake", "is_long": False},
        {"host": "Alice", "day": None, "guests": ["Bob"], "place": "garden"},
        {"host": "Alice", "day": "2027-02-28", "meal": "none"},
        {"host": None, "day": "tomorrow", "guests": "Bob"},
        {"unknown": 1},
        QueryDict("host=Alice"),
        QueryDict("host=Alice&guests=Bob&guests=Sam&is_long=on"),
    ],
    ids=str,
)
def test_what_is_missing_has_the_value_it_has_in_rest_framework(
    data: dict[str, Any], partial: bool
) -> None:
    usual = VisitSerializer(data=data, partial=partial)
    if usual.is_valid():
        assert validated(VisitSerializer, data, partial=partial) == usual.validated_data
        return
    with pytest.raises(serializers.ValidationError) as refusal:
        validated(VisitSerializer, data, partial=partial)
    assert refusal.value.detail == usual.errors


def test_each_request_gets_a_default_of_its_own() -> None:
    first = validated(VisitSerializer, {"host": "Alice"})
    first["guests"].append("Bob")
    assert validated(VisitSerializer, {"host": "Alice"})["guests"] == []
