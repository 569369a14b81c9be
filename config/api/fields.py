"""Fields and serializers that several apps use: bounded lists, strict JSON types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias

from rest_framework import serializers

from config.json import JSONObject

# Serializers here validate requests and describe responses; none saves a model.
PlainSerializer: TypeAlias = serializers.Serializer[Any]


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its items are.

    REST framework would validate every item first, and report each that is invalid.
    """

    max_length: int

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def run_child_validation(self, data: list[Mapping[Any, Any]]) -> Any:
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().run_child_validation(data)


class FieldsField(BoundedListField):
    """The query parameter `fields`: names from an allow-list, separated by commas.

    The parameter may also be repeated. It reads as `None` if it is absent.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            child=serializers.ChoiceField(self.names),
            max_length=len(self.names),
            default=None,
            help_text="The fields of each object to return; all by default.",
        )

    def to_internal_value(self, data: Iterable[str]) -> list[str]:
        requested = [name.strip() for text in data for name in text.split(",")]
        if len(requested) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        for name in requested:
            if name not in self.names:
                raise serializers.ValidationError(
                    f"Unknown field {name[:50]!a}. Choose from: "
                    f"{', '.join(self.names)}."
                )
        return requested


class FieldsQuerySerializer(PlainSerializer):
    """Query parameters that begin with `fields`: which fields of `shows` to return."""

    shows: ClassVar[type[PlainSerializer]] = serializers.Serializer

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"fields": FieldsField(field_names(self.shows)), **super().get_fields()}


class TrueOrFalseField(serializers.BooleanField):
    """A JSON `true` or `false`; strings and numbers are rejected."""

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; strings and `true` are rejected."""

    def to_internal_value(self, data: object) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class ExactlyOneField(PlainSerializer):
    """An object with exactly one of the fields of the serializer."""

    def validate(self, attrs: JSONObject) -> JSONObject:
        if len(attrs) != 1:
            *others, last = self.fields
            raise serializers.ValidationError(
                f"Provide exactly one of {', '.join(others)} or {last}."
            )
        return attrs


def field_names(serializer: type[PlainSerializer]) -> tuple[str, ...]:
    """Return the names of the fields in a response of a serializer class."""
    fields = serializer().fields
    return tuple(name for name, field in fields.items() if not field.write_only)


def select_fields(
    body: Mapping[str, object], fields: Collection[str] | None
) -> dict[str, object]:
    """Return the requested members of an object; all of them if `fields` is `None`."""
    if fields is None:
        return dict(body)
    return {name: value for name, value in body.items() if name in fields}
