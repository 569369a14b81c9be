"""What a password may be, beyond Django's own validators."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError

MAX_LENGTH = 256  # characters; hashing must not be a lever for slowing us down


class MaximumLengthValidator:
    """Refuse passwords that only exist to keep the hasher busy."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"Use at most {MAX_LENGTH} characters.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"Your password can have up to {MAX_LENGTH} characters."


class PrintableValidator:
    """Refuse characters that no keyboard sends and no encoding keeps."""

    def validate(self, password: str, user: Any = None) -> None:
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in password):
            raise ValidationError(
                "Use only characters that can be typed.", code="password_not_printable"
            )

    def get_help_text(self) -> str:
        return "Your password can hold any character that can be typed, also spaces."
