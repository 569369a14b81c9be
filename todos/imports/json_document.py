"""A JSON document read value by value, however large it is.

By Python's own decoder over a window of the text. An incremental parser in C (ijson
3.6) was tried and left: after a number of thousands of digits its exception came up
in whatever code ran next.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any, NoReturn

from todos.imports.files import FileRefused, without_mark

VALUE_MAX = 512 * 1024  # characters of one value; the longest notes have half
READ_AT_ONCE = 64 * 1024  # bytes
DEPTH_MAX = 8  # levels within a value
VALUES_MAX = 1_000  # within a value; a task with all its labels has 50
DIGITS_MAX = 20

SPACE = re.compile(r"[ \t\r\n]*")


class Document:
    """The values of a document, in their order.

    Every method raises `FileRefused` where the text is no JSON, is cut off, or could
    be read in two ways.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = without_mark(file)
        self._letters = codecs.getincrementaldecoder("utf-8")()
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_without_duplicates,
            parse_int=_parse_int,
            parse_float=_refuse_fraction,
            parse_constant=_refuse_constant,
        )
        self._window = ""
        self._at = 0
        self._is_at_end = False

    def entries(self) -> Iterator[str]:
        """Yield the keys of the object that begins here; read each value in between."""
        self._expect("{")
        if self._taken("}"):
            return
        while True:
            yield str(self.value())
            if not self._taken(","):
                break
        self._expect("}")

    def items(self) -> Iterator[Any]:
        """Yield the values of the list that begins here."""
        self._expect("[")
        if self._taken("]"):
            return
        while True:
            yield self.value()
            if not self._taken(","):
                break
        self._expect("]")

    def colon(self) -> None:
        """Step from a key to its value."""
        self._expect(":")

    def is_list(self) -> bool:
        """Whether a list begins here."""
        return self._next() == "["

    def value(self) -> Any:
        """Return the value that begins here, whole."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._window, self._at)
            except RecursionError as exc:
                raise FileRefused("The JSON is nested too deeply.") from exc
            except json.JSONDecodeError as exc:
                # Not the exception's own text, which is the person's.
                if self._is_at_end:
                    raise FileRefused("The file is cut off or is no JSON.") from exc
            else:
                # A number at the end of the window could go on after it.
                if end < len(self._window) or self._is_at_end:
                    break
            self._read_on()
        self._at = end
        _check_shape(value)
        return value

    def end(self) -> None:
        """Refuse what follows the document."""
        if self._next():
            raise FileRefused("Something follows the end of the document.")

    def _expect(self, character: str) -> None:
        if not self._taken(character):
            raise FileRefused("The file is cut off or is no JSON.")

    def _taken(self, character: str) -> bool:
        if self._next() != character:
            return False
        self._at += 1
        return True

    def _next(self) -> str:
        """Return the next character that is no space; empty at the end."""
        while True:
            match = SPACE.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window) or self._is_at_end:
                return self._window[self._at : self._at + 1]
            self._read_on()

    def _read_on(self) -> None:
        """Widen the window by a piece of the file, and drop what is behind."""
        self._window, self._at = self._window[self._at :], 0
        if len(self._window) > VALUE_MAX:
            raise FileRefused(
                f"The file is no JSON, or has a value over {VALUE_MAX} characters."
            )
        # Twice as much as there is: a value that is not yet whole is read from its
        # beginning each time, and by the same step each time that would be quadratic.
        piece = self._file.read(max(READ_AT_ONCE, len(self._window)))
        self._is_at_end = not piece
        try:
            self._window += self._letters.decode(piece, self._is_at_end)
        except UnicodeDecodeError as exc:
            raise FileRefused("The file is not UTF-8.") from exc


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise FileRefused("A key stands twice in one object.")
    return value


def _parse_int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise FileRefused("The file holds a number with too many digits.")
    return int(digits)


def _refuse_fraction(digits: str) -> NoReturn:
    raise FileRefused("The file holds a number with a fraction.")


def _refuse_constant(name: str) -> NoReturn:
    raise FileRefused(f"{name} is not a JSON number.")


def _check_shape(value: Any) -> None:
    """Refuse a value with too many levels or too many values in it."""
    level, count = [value], 0
    for _ in range(DEPTH_MAX + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        count += len(inner)
        if count > VALUES_MAX:
            raise FileRefused(f"An item of the file has over {VALUES_MAX} values.")
        if not inner:
            return
        level = inner
    raise FileRefused("The JSON is nested too deeply.")
