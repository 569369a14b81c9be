"""The only parser of the API: strict JSON within bounds."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from config.api.problems import PayloadTooLarge
from config.strict_json import (
    StrictDecoder,
    StrictJSONError,
    TooManyValues,
    require_at_most_values,
)

MAX_DEPTH = 20
MAX_DIGITS = 30
# Every value in an object or a list counts, including objects and lists. The largest
# valid body of an endpoint has 3,000.
MAX_VALUES = 10_000

_DECODER = StrictDecoder(digits_max=MAX_DIGITS, depth_max=MAX_DEPTH)


class JSONParser(BaseParser):
    """Parse a JSON body and refuse what two readers could understand differently.

    Refused with 400: other encodings than UTF-8, duplicate keys, NaN and Infinity,
    integers of more than `MAX_DIGITS` digits, more than `MAX_DEPTH` levels. Refused
    with 413: bodies of more than `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes or `MAX_VALUES`
    values.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> Any:
        body = _read_bounded(stream)
        if body.startswith(codecs.BOM_UTF8):
            raise ParseError("The body must not begin with a byte order mark.")
        try:
            require_at_most_values(body, MAX_VALUES)
            return _DECODER.decode(body.decode("utf-8"))
        except UnicodeDecodeError as exc:
            raise ParseError("The body is not UTF-8.") from exc
        except TooManyValues as exc:
            message = f"The body contains more than {MAX_VALUES} values."
            raise PayloadTooLarge(message) from exc
        except StrictJSONError as exc:
            raise ParseError(str(exc)) from exc
        except json.JSONDecodeError as exc:
            # Without the document of `exc`, which is private.
            raise ParseError(
                f"The body is not valid JSON: {exc.msg}, line {exc.lineno}."
            ) from exc


def _read_bounded(stream: IO[bytes]) -> bytes:
    """Read the whole body, but never more than the limit.

    Raises:
        PayloadTooLarge: it is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE`.
    """
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise PayloadTooLarge(f"The body is too large: {limit} bytes at most.")
    return body
