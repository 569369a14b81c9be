"""What a password may be, beyond Django's own validators, and which are the same.

Keyboards and systems differ in how they send an accent: as one character with its
letter, or as two. A password is stored in NFKC (NIST SP 800-63B-4, section 3.1.1.2), so
that it is the same from all of them.
"""

import unicodedata
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError

MAX_LENGTH = 256  # characters; hashing must not be a lever for slowing us down


def normalised(password: str) -> str:
    """Return the one form of a password; of one that is too long, itself."""
    if len(password) > MAX_LENGTH:
        return password
    return unicodedata.normalize("NFKC", password)


def hashed(password: str | None) -> str:
    """Return what is stored of a password; without one, what none agrees with."""
    return make_password(None if password is None else normalised(password))


def unicode_forms(password: str) -> tuple[str, ...]:
    """Return what a password may be stored as: normalised, or as it was typed.

    Until version 1.0 none was normalised. At most two, as each costs a hash.
    """
    return tuple(dict.fromkeys((normalised(password), password)))


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
