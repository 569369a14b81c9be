"""Validating requests with serializers that each thread keeps.

REST framework copies and binds every field of a serializer class for each instance.
For a task, this takes three times as long as validating the body.
"""

from collections.abc import Mapping
from threading import local
from typing import Any, TypeAlias

from django.utils.functional import cached_property
from rest_framework.fields import Field, empty
from rest_framework.serializers import Serializer

from config.api.fields import PlainSerializer
from config.json import JSONObject

_Field: TypeAlias = "Field[Any, Any, Any, Any]"


class _KeptSerializer(Serializer[Any]):
    """The last base of a kept serializer, directly before that of REST framework.

    It finds out about the fields once, not for each request.
    """

    _writable_fields: list[_Field] = []  # which REST framework reads

    @cached_property
    def _all_writable(self) -> dict[str, _Field]:
        fields = self.fields.items()
        return {name: field for name, field in fields if not field.read_only}

    @cached_property
    def _defaults(self) -> dict[str, object]:
        """The default of each field that may be missing; `empty` if it stays out."""
        return {
            name: empty if self.partial else field.default
            for name, field in self._all_writable.items()
            if (self.partial or not field.required)
            and field.source == name
            and not hasattr(self, f"validate_{name}")
            and not getattr(field.default, "requires_context", False)
        }

    def to_internal_value(self, data: object) -> JSONObject:
        """Let REST framework read only what was sent.

        It would take half of the time of a usual task for the fields that are missing.
        """
        missing: dict[str, object] = {}
        if type(data) is dict:  # not a form, where an unchecked box is false
            missing = {k: v for k, v in self._defaults.items() if k not in data}
        self._writable_fields = [
            field for name, field in self._all_writable.items() if name not in missing
        ]
        values: JSONObject = super().to_internal_value(data)
        for name, default in missing.items():
            if default is not empty:
                values[name] = default() if callable(default) else default
        return values

    def run_validators(self, value: object) -> None:
        if self.validators:
            super().run_validators(value)


class _Kept(local):
    """Serializers of one thread, by class and by whether fields may be missing."""

    def __init__(self) -> None:
        self.serializers: dict[tuple[type[PlainSerializer], bool], PlainSerializer] = {}
        self.context: dict[str, object] = {}  # of all, during a validation


_kept = _Kept()


def validated(
    serializer_class: type[PlainSerializer],
    data: object,
    *,
    partial: bool = False,
    context: Mapping[str, object] | None = None,
) -> JSONObject:
    """Return the data as a serializer of the class reads it.

    The serializer can read its `context`. It has no `initial_data` and no `instance`.

    Raises:
        rest_framework.exceptions.ValidationError: the data is not valid.
    """
    if data is None:  # `is_valid` has a message of its own
        serializer_class(data=None).is_valid(raise_exception=True)
    serializer = _serializer(serializer_class, partial=partial)
    outer = _kept.context.copy()  # of a validation that this one is part of
    _kept.context.clear()
    _kept.context.update(context or {})
    try:
        values: JSONObject = serializer.run_validation(data)
    finally:
        _kept.context.clear()
        _kept.context.update(outer)
    return values


def _serializer(
    serializer_class: type[PlainSerializer], *, partial: bool
) -> PlainSerializer:
    key = serializer_class, partial
    if key not in _kept.serializers:
        kept_class = type(
            serializer_class.__name__, (serializer_class, _KeptSerializer), {}
        )
        made = kept_class(partial=partial, context=_kept.context)
        _kept.serializers[key] = made
    return _kept.serializers[key]
