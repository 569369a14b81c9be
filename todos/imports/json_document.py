"""A JSON document of any size, read value by value.

It uses Python's own decoder on a window of the text. An incremental parser in C
(ijson 3.6) was tried and rejected: after a number with thousands of digits, its
exception was raised in unrelated code that ran later.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO

from config.strict_json import StrictDecoder, StrictJSONError, TooManyValues
from todos.imports.files import FileRefused, skip_byte_order_mark

VALUE_MAX = 512 * 1024  # characters of one value; the longest notes have half
CHUNK = 64 * 1024  # bytes read at once
DEPTH_MAX = 8  # levels within a value
VALUES_MAX = 1_000  # within a value; a task with all its labels has 50
DIGITS_MAX = 20

SPACE = re.compile(r"[ \t\r\n]*")


class JSONDocument:
    """The values of a document, in their order.

    Every method raises `FileRefused` if the text is not JSON, is truncated, exceeds a
    bound or is ambiguous.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        value_max: int = VALUE_MAX,
        values_max: int = VALUES_MAX,
        allows_fractions: bool = False,
    ) -> None:
        self._file = skip_byte_order_mark(file)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._decoder = StrictDecoder(
            digits_max=DIGITS_MAX,
            depth_max=DEPTH_MAX,
            values_max=values_max,
            allows_fractions=allows_fractions,
        )
        self._value_max, self._values_max = value_max, values_max
        self._window = ""
        self._position = 0
        self._is_at_end = False

    def members(self) -> Iterator[str]:
        """Yield the names of the members of the object that begins here.

        The caller must read the value of a member before the next name.
        """
        self._expect("{")
        if self._skip("}"):
            return
        while True:
            key = str(self.value())
            self._expect(":")
            yield key
            if not self._skip(","):
                break
        self._expect("}")

    def items(self) -> Iterator[object]:
        """Yield the values of the list that begins here."""
        for _ in self.places():
            yield self.value()

    def places(self) -> Iterator[None]:
        """Stop at each item of the list that begins here.

        The caller must read the item before the next.
        """
        self._expect("[")
        if self._skip("]"):
            return
        while True:
            yield
            if not self._skip(","):
                break
        self._expect("]")

    def is_list(self) -> bool:
        """Whether a list begins here."""
        return self._next_character() == "["

    def is_object(self) -> bool:
        """Whether an object begins here."""
        return self._next_character() == "{"

    def value(self) -> object:
        """Return the value that begins here, whole."""
        self._next_character()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._window, self._position)
            except TooManyValues as exc:
                message = (
                    f"An item of the file has more than {self._values_max} values."
                )
                raise FileRefused(message) from exc
            except StrictJSONError as exc:
                raise FileRefused(str(exc)) from exc
            except json.JSONDecodeError as exc:
                # Without the exception's own text, which quotes private data.
                if self._is_at_end:
                    raise _not_json() from exc
            else:
                # A number at the end of the window may continue after it.
                if end < len(self._window) or self._is_at_end:
                    break
            self._read_more()
        self._position = end
        return value

    def end(self) -> None:
        """Refuse anything after the document."""
        if self._next_character():
            raise FileRefused("The file has content after the end of the document.")

    def _expect(self, character: str) -> None:
        if not self._skip(character):
            raise _not_json()

    def _skip(self, character: str) -> bool:
        """Move past this character if it is the next one."""
        if self._next_character() != character:
            return False
        self._position += 1
        return True

    def _next_character(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            match = SPACE.match(self._window, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._window) or self._is_at_end:
                return self._window[self._position : self._position + 1]
            self._read_more()

    def _read_more(self) -> None:
        """Add a part of the file to the window, and drop what was read."""
        self._window, self._position = self._window[self._position :], 0
        if len(self._window) > self._value_max:
            raise FileRefused(
                "The file is not JSON, or has a value over"
                f" {self._value_max} characters."
            )
        # An incomplete value is decoded from its beginning each time. Doubling the
        # window keeps that linear; fixed steps would make it quadratic.
        chunk = self._file.read(max(CHUNK, len(self._window)))
        self._is_at_end = not chunk
        try:
            self._window += self._utf8.decode(chunk, self._is_at_end)
        except UnicodeDecodeError as exc:
            raise FileRefused("The file is not UTF-8.") from exc


def _not_json() -> FileRefused:
    return FileRefused("The file is truncated or is not JSON.")
