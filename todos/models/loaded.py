"""Attributes that only some queries load along with a row."""

from __future__ import annotations

from typing import Generic, Self, TypeVar, overload

from django.db import models

_Value = TypeVar("_Value")


class NotLoaded(RuntimeError):
    """A value was read that the query of the row did not load.

    Not an `AttributeError`, which templates and `getattr` with a default would hide.
    """


class Loaded(Generic[_Value]):
    """Declares a value that `method` of the QuerySet loads; reading raises without it.

    It has no `__set__`, so that what is loaded or assigned lives in the instance and is
    read from there like any other attribute.
    """

    def __init__(self, method: str) -> None:
        self._method = method

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[models.Model]) -> Self: ...
    @overload
    def __get__(self, instance: models.Model, owner: type[models.Model]) -> _Value: ...
    def __get__(
        self, instance: models.Model | None, owner: type[models.Model]
    ) -> Self | _Value:
        if instance is None:
            return self
        raise NotLoaded(
            f"{owner.__name__}.{self._name} was not loaded:"
            f" query with {owner.__name__}.objects.{self._method}()."
        )
