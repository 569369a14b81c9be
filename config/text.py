"""Validation and normalisation of all text that users and API clients send.

Text is trimmed and normalised to NFC. Text of invisible characters alone is empty:
nobody could see what it names. Text is rejected if it contains characters that can't be
displayed or stored: NUL (PostgreSQL can't store it), other control characters, and lone
surrogates (no encoding can represent them).

Normalisation sorts each run of combining marks with an insertion sort, in one call that
no other thread can interrupt. Its cost grows with the square of the length of the run.
Therefore the length of a text is checked first, and a run of marks longer than any
script needs is rejected before the text is normalised.
"""

import re
import sys
import unicodedata
from functools import cache
from typing import Any, Literal

from django import forms
from django.core.exceptions import ValidationError
from rest_framework import serializers

# Marks on one letter. Every language and notation stays far below it: UAX #15
# section 13 (Stream-Safe Text Format).
MARKS_MAX = 30
# How many characters NFC can combine into one: `ᾂ` can be written with four.
COMPOSED_MAX = 4
FIRST_MARK = 0x300
FIRST_RARE = 0x10000  # the supplementary planes: emoji and historic scripts

Form = Literal["NFC", "NFKC"]

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # categories Cc and Cs
CONTROLS_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Spaces, and what draws nothing: format characters, fillers, selectors, tags.
INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff]*"
)


def clean_text(value: str, *, most: int, multiline: bool = False) -> str:
    """Return `value` trimmed, in NFC, with `\\n` for every kind of line end.

    `most` is the maximum length of the result in characters.

    Raises:
        ValidationError: with code `max_length`; with code `control_characters` for a
            character that can't be stored (`multiline` text may contain tabs and line
            ends); with code `marks` for too many marks on one letter.
    """
    # Trim first: a pasted title may end with a line end.
    value = value.strip()
    if multiline:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    _check_length(value, most * COMPOSED_MAX, most)
    if found := (CONTROLS_BUT_LINES if multiline else CONTROLS).search(value):
        raise ValidationError(
            "Remove the character that can't be shown (code %(code)s).",
            code="control_characters",
            params={"code": f"U+{ord(found[0]):04X}"},
        )
    value = normalised(value)
    _check_length(value, most, most)
    return "" if shows_nothing(value) else value


def shows_nothing(value: str) -> bool:
    """Whether a text consists of spaces and invisible characters alone."""
    return INVISIBLE.fullmatch(value) is not None


def _check_length(value: str, limit: int, most: int) -> None:
    if len(value) > limit:
        raise ValidationError(
            "Use at most %(most)s characters.", code="max_length", params={"most": most}
        )


def normalised(value: str, form: Form = "NFC") -> str:
    """Return a text of bounded length in a Unicode normal form.

    Raises:
        ValidationError: with code `marks`, for too many marks on one letter.
    """
    if value.isascii():
        return value
    _check_marks(value)
    value = unicodedata.normalize(form, value)
    # Normalisation splits some marks into two, and the result must be valid too.
    _check_marks(value)
    return value


def _check_marks(value: str) -> None:
    long_ones = (run for run in _marks().findall(value) if len(run) > MARKS_MAX)
    if any(map(_has_too_many_marks, long_ones)):
        raise ValidationError(
            "Use at most %(most)s accents or other marks on one letter.",
            code="marks",
            params={"most": MARKS_MAX},
        )


@cache
def _marks() -> re.Pattern[str]:
    """Return the pattern of a run of marks and characters of rare scripts."""
    marks = "".join(filter(_is_mark, map(chr, range(FIRST_MARK, FIRST_RARE))))
    return re.compile(f"[{marks}{chr(FIRST_RARE)}-{chr(sys.maxunicode)}]+")


def _has_too_many_marks(text: str) -> bool:
    run = 0
    for character in text:
        run = run + 1 if _is_mark(character) else 0
        if run > MARKS_MAX:
            return True
    return False


def _is_mark(character: str) -> bool:
    """Whether normalisation would sort the character among the marks next to it.

    The character is fully decomposed first, because some are marks only then, such as
    U+0F73 and U+FF9E.
    """
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


class TextField(serializers.CharField):
    """A serializer field that applies `clean_text`.

    Unlike its parent it accepts only strings. It reports a number or `true` as an error
    instead of converting it to text.
    """

    default_error_messages = {"invalid": "Must be a string."}

    def __init__(
        self, *, max_length: int, multiline: bool = False, **kwargs: Any
    ) -> None:
        self.most = max_length
        self.multiline = multiline
        super().__init__(max_length=max_length, **kwargs)

    def run_validation(self, data: object = serializers.empty) -> object:
        """Clean the text first, so that limits apply to what is stored."""
        if isinstance(data, str):
            try:
                data = clean_text(data, most=self.most, multiline=self.multiline)
            except ValidationError as error:
                raise serializers.ValidationError(
                    error.messages, code=error.code
                ) from error
        return super().run_validation(data)

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class TextFormField(forms.CharField):
    """A form field that applies `clean_text`."""

    def __init__(
        self, *, max_length: int, multiline: bool = False, **kwargs: Any
    ) -> None:
        self.most = max_length
        self.multiline = multiline
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        if not value:
            return value
        return clean_text(value, most=self.most, multiline=self.multiline)
