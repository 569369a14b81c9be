"""The only parser of the API: JSON, small, flat, and with one meaning."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from config.api.problems import PayloadTooLarge

MAX_DEPTH = 20
# Every value of an object or a list counts, and the objects and lists themselves. The
# fullest body that an endpoint has a use for holds 3,000.
MAX_VALUES = 10_000
# Without a closing quote it goes to the end, and without a way back it is read once.
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


class JSONParser(BaseParser):
    """Parse a JSON body (RFC 8259) and refuse what two readers could read apart.

    Refused with 400: other encodings than UTF-8, duplicate keys, NaN and Infinity,
    numbers too long to mean anything, more than `MAX_DEPTH` levels. Refused with 413:
    bodies of over `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes or `MAX_VALUES` values.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = read_bounded(stream)
        _check_values(body)
        try:
            value = json.loads(
                body.decode("utf-8"),
                object_pairs_hook=_without_duplicates,
                parse_constant=_refuse_constant,
                parse_int=_parse_int,
            )
        except RecursionError as exc:
            raise _too_deep() from exc
        except UnicodeDecodeError as exc:
            raise ParseError("The body is not UTF-8.") from exc
        except json.JSONDecodeError as exc:
            # Not the text of `exc`'s document, which is the person's own.
            raise ParseError(
                f"The body is not valid JSON: {exc.msg}, line {exc.lineno}."
            ) from exc
        if _depth_exceeds(value, MAX_DEPTH):
            raise _too_deep()
        return value


def read_bounded(stream: IO[Any]) -> bytes:
    """Read the whole body, but never more than the limit.

    Raises:
        PayloadTooLarge: there is more.
    """
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise PayloadTooLarge(f"The body is too large: {limit} bytes at most.")
    return body


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ParseError(f"Duplicate key {_repeated(pairs)[:50]!a} in an object.")
    return value


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    """Return the first key that repeats another, of pairs of which one does."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    return key


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not a JSON number.")


def _parse_int(digits: str) -> int:
    # Python refuses to read more than 4,300 digits with an error of its own.
    if len(digits) > 30:
        raise ParseError("A number has too many digits.")
    return int(digits)


def _check_values(body: bytes) -> None:
    """Refuse a document of too many values before it is read.

    Each value but the first follows a bracket or a comma; an empty list or object
    counts twice.
    """
    if _marks_of_values(body) < MAX_VALUES:
        return
    if _marks_of_values(STRING.sub(b"", body)) >= MAX_VALUES:
        raise PayloadTooLarge(f"The body holds more than {MAX_VALUES} values.")


def _marks_of_values(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))


def _depth_exceeds(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return levels == 0 or any(_depth_exceeds(item, levels - 1) for item in value)


def _too_deep() -> ParseError:
    return ParseError(f"The JSON is nested too deeply: {MAX_DEPTH} levels at most.")
