"""Validating requests with serializers that each thread keeps.

REST framework copies and binds every field of a serializer class for each instance.
For a task, this takes three times as long as validating the body.
"""

from collections.abc import Mapping
from threading import local

from config.api.fields import PlainSerializer
from config.json import JSONObject


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
        made = serializer_class(partial=partial, context=_kept.context)
        _kept.serializers[key] = made
    return _kept.serializers[key]
