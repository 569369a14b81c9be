"""Validating requests with serializers that each thread keeps.

REST framework copies and binds every field of a serializer class for each instance.
For a task, this takes three times as long as validating the body.
"""

from collections.abc import Mapping, Sequence
from threading import local
from typing import Any

from django.utils.functional import cached_property
from rest_framework.fields import Field

from config.api.fields import PlainSerializer
from config.json import JSONObject


class _KeptMixin:
    """What REST framework would find out about the fields again for each request."""

    fields: Mapping[str, Field[Any, Any, Any, Any]]
    validators: Sequence[object]

    @cached_property
    def _writable_fields(self) -> list[Field[Any, Any, Any, Any]]:
        return [field for field in self.fields.values() if not field.read_only]

    def run_validators(self, value: object) -> None:
        if self.validators:
            super().run_validators(value)  # type: ignore[misc]  # of the serializer


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
        kept_class = type(serializer_class.__name__, (_KeptMixin, serializer_class), {})
        made = kept_class(partial=partial, context=_kept.context)
        _kept.serializers[key] = made
    return _kept.serializers[key]
