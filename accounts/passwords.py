"""Rules for passwords beyond Django's, and their Unicode normalisation.

Keyboards and systems send an accented letter as one character or as two. A password is
stored in NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that it is the same from all of
them.
"""

import unicodedata

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError

MAX_LENGTH = 256  # characters; longer ones would only make hashing expensive


def normalised(password: str) -> str:
    """Return the password in NFKC; one that is too long is returned unchanged."""
    if len(password) > MAX_LENGTH:
        return password
    return unicodedata.normalize("NFKC", password)


def hashed(password: str | None) -> str:
    """Return the hash to store; without a password, one that no password matches."""
    return make_password(None if password is None else normalised(password))


def unicode_forms(password: str) -> tuple[str, ...]:
    """Return the forms in which the password may be stored: normalised, or as typed.

    Passwords were not normalised before version 1.0. There are at most two forms,
    because each costs a hash.
    """
    return tuple(dict.fromkeys((normalised(password), password)))


class MaximumLengthValidator:
    """Refuse passwords that are too long."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"Use at most {MAX_LENGTH} characters.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"Your password can have up to {MAX_LENGTH} characters."


class PrintableValidator:
    """Refuse control characters and surrogates."""

    def validate(self, password: str, user: object = None) -> None:
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in password):
            raise ValidationError(
                "Use only characters that can be typed.", code="password_not_printable"
            )

    def get_help_text(self) -> str:
        return "Your password can hold any character that can be typed, also spaces."
