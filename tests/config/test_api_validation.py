"""Validating requests with serializers that are kept."""

from typing import Any

import pytest
from rest_framework import serializers

from config.api.validation import validated


class GreetingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(default="you")
    word = serializers.CharField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"context": dict(self.context)}


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
