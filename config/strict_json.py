"""JSON that has one meaning (RFC 8259), within bounds.

Where the RFC lets two readers understand a text differently (duplicate keys, NaN, long
numbers), the text is refused.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

# Without a closing quote it goes to the end; being possessive, it reads a text once.
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


class StrictJSONError(ValueError):
    """The JSON is refused. The text of the exception says why."""


class TooManyValues(StrictJSONError):
    """The JSON holds more values than allowed."""


class StrictDecoder(json.JSONDecoder):
    """A decoder that refuses what is ambiguous or exceeds its bounds.

    `digits_max` is for an integer. `depth_max` counts nested objects and lists.
    `values_max` counts what they contain; unlimited by default.

    Raises:
        StrictJSONError: as well as `json.JSONDecodeError` for what is not JSON.
    """

    def __init__(
        self,
        *,
        digits_max: int,
        depth_max: int,
        values_max: int | None = None,
        allows_fractions: bool = True,
    ) -> None:
        super().__init__(
            object_pairs_hook=_without_duplicates,
            parse_int=_integers(digits_max),
            parse_float=None if allows_fractions else _refuse_fraction,
            parse_constant=_refuse_constant,
        )
        self._depth_max = depth_max
        self._values_max = values_max

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        """Return the value that begins at `idx`, and where it ends."""
        try:
            value, end = super().raw_decode(s, idx)
        except RecursionError as exc:
            raise self._too_deep() from exc
        self._check_shape(value)
        return value, end

    def _check_shape(self, value: object) -> None:
        level, count = [value], 0
        for _ in range(self._depth_max):
            inner: list[object] = []
            for item in level:
                if isinstance(item, dict):
                    inner.extend(item.values())
                elif isinstance(item, list):
                    inner.extend(item)
            if not inner:
                return
            count += len(inner)
            if self._values_max is not None and count > self._values_max:
                raise TooManyValues(f"More than {self._values_max} values.")
            level = inner
        if any(isinstance(item, (dict, list)) for item in level):
            raise self._too_deep()

    def _too_deep(self) -> StrictJSONError:
        return StrictJSONError(
            f"The JSON is nested too deeply: {self._depth_max} levels at most."
        )


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        key = _first_duplicate(pairs)[:50]
        raise StrictJSONError(f"Duplicate key {key!a} in an object.")
    return value


def _first_duplicate(pairs: list[tuple[str, object]]) -> str:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    return key


def _integers(digits_max: int) -> Callable[[str], int]:
    def parse(digits: str) -> int:
        # Python itself refuses more than 4,300 digits, with another exception.
        if len(digits) > digits_max:
            raise StrictJSONError("A number has too many digits.")
        return int(digits)

    return parse


def _refuse_fraction(digits: str) -> NoReturn:
    raise StrictJSONError("Numbers must be integers.")


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJSONError(f"{name} is not a JSON number.")


def require_at_most_values(text: bytes, values_max: int) -> None:
    """Count the values of a JSON text before decoding it.

    Every value follows a bracket or a comma, except the first. An empty object or list
    counts twice.

    Raises:
        TooManyValues: there are more than `values_max`.
    """
    if _count_marks(text) < values_max:
        return
    if _count_marks(STRING.sub(b"", text)) >= values_max:
        raise TooManyValues(f"More than {values_max} values.")


def _count_marks(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))
