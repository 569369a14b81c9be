"""Fields that several apps take: bounded lists, strict numbers, true or false."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from rest_framework import serializers


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its items are.

    Its parent checks them all first, and names each one that is wrong.
    """

    max_length: int

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def run_child_validation(self, data: Any) -> Any:
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().run_child_validation(data)


class FieldsField(BoundedListField):
    """The query parameter `fields`: names of an allow-list, separated by commas.

    Repeating the parameter does the same. Reads as `None` where it is absent.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            child=serializers.ChoiceField(self.names),
            max_length=len(self.names),
            default=None,
            help_text="Only these fields of each object; all of them by default.",
        )

    def to_internal_value(self, data: Any) -> list[str]:
        wanted = [name.strip() for text in data for name in text.split(",")]
        if len(wanted) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        for name in wanted:
            if name not in self.names:
                raise serializers.ValidationError(
                    f"There is no field {name[:50]!a}. Choose of: "
                    f"{', '.join(self.names)}."
                )
        return wanted


class FieldsQuerySerializer(serializers.Serializer[None]):
    """Query parameters that begin with `fields`: which fields of `shows` to return."""

    shows: ClassVar[type[serializers.Serializer[Any]]]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"fields": FieldsField(names_of(self.shows)), **super().get_fields()}


class TrueOrFalseField(serializers.BooleanField):
    """A JSON `true` or `false`; neither text nor a number will do."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; neither text nor `true` will do."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class ExactlyOneField(serializers.Serializer[Any]):
    """An object with exactly one of the fields of the serializer."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            *others, last = self.fields
            raise serializers.ValidationError(
                f"Give exactly one of {', '.join(others)} and {last}."
            )
        return attrs


def names_of(serializer: type[serializers.Serializer[Any]]) -> tuple[str, ...]:
    """Return the names of the fields that a serializer class shows."""
    fields = serializer().fields
    return tuple(name for name, field in fields.items() if not field.write_only)


def picked(body: Mapping[str, Any], fields: Collection[str] | None) -> dict[str, Any]:
    """Return the members of an object that were asked for; `None` means all."""
    if fields is None:
        return dict(body)
    return {name: value for name, value in body.items() if name in fields}
