"""The one rule for text that people and programs send.

Text is trimmed and normalised to NFC, and refused where it holds characters that
can't be seen or stored: NUL (PostgreSQL has no place for it), other control
characters, and lone surrogates (no encoding has a place for them).
"""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from rest_framework import serializers

LINE_BREAKS = "\n\t"


def clean_text(value: str, *, multiline: bool = False) -> str:
    """Return `value` trimmed, in NFC, with `\\n` for every kind of line end.

    Raises:
        ValidationError: with code `control_characters`, for a character that can't
            be kept. Tabs and line ends are kept where `multiline` is true.
    """
    if multiline:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    allowed = LINE_BREAKS if multiline else ""
    # Trimmed first: a line end at either side of a pasted title is no offence.
    value = value.strip()
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed:
            raise ValidationError(
                "Remove the character that can't be shown (code %(code)s).",
                code="control_characters",
                params={"code": f"U+{ord(character):04X}"},
            )
    return unicodedata.normalize("NFC", value)


class TextField(serializers.CharField):
    """A serializer field for text under the rule above.

    Unlike its parent it takes only strings: a number or `true` where a title belongs
    is a mistake to report, not a text to make up.
    """

    default_error_messages = {"invalid": "Write a text, in quotes."}

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Clean before the parent measures, so that limits count what is stored."""
        if isinstance(data, str):
            try:
                data = clean_text(data, multiline=self.multiline)
            except ValidationError as error:
                raise serializers.ValidationError(
                    error.messages, code="control_characters"
                ) from error
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class TextFormField(forms.CharField):
    """A form field for text under the rule above."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        self.multiline = multiline
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return clean_text(value, multiline=self.multiline) if value else value
