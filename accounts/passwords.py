"""Rules for passwords beyond Django's, and their Unicode normalisation.

Keyboards and systems send an accented letter as one character or as two. A password is
stored in NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that it is the same from all of
them.
"""

import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db.models import Model

MAX_LENGTH = 256  # characters; longer ones would only make hashing expensive

# Rows of keys and of the alphabet, in which a password may not simply continue.
SEQUENCES = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)
SHORT_UNIT = 4  # characters; repeating so few makes a password no better
ROW_MIN = 3  # keys in a row that is added to a word


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


def minimum_length(user: object) -> int:
    """Return the minimum length of a new password of this user, in characters.

    It is lower if a sign-in requires a second factor as well (NIST SP 800-63B-4,
    section 3.1.1.2).
    """
    if getattr(user, "has_factor", False):
        return settings.PASSWORD_MIN_LENGTH_WITH_FACTOR
    return settings.PASSWORD_MIN_LENGTH


def is_too_short(password: str, user: object) -> bool:
    """Tell whether the password, as it is stored, is too short for this user today."""
    return len(normalised(password)) < minimum_length(user)


def _what_is_enough(user: object) -> str:
    """Say how long a new password of this user must be, and what makes less enough."""
    least = f"It must contain at least {minimum_length(user)} characters"
    shorter = settings.PASSWORD_MIN_LENGTH_WITH_FACTOR
    is_known = isinstance(user, Model) and not user._state.adding
    if is_known and shorter < minimum_length(user):
        return f"{least}, or {shorter} once you have added a second step."
    return f"{least}."


class MinimumLengthValidator:
    """Refuse passwords that are too short, as they are stored."""

    def validate(self, password: str, user: object = None) -> None:
        if is_too_short(password, user):
            raise ValidationError(
                f"This password is too short. {_what_is_enough(user)}",
                code="password_too_short",
            )

    def get_help_text(self) -> str:
        return f"Use at least {settings.PASSWORD_MIN_LENGTH} characters."


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


class GuessablePasswordValidator(CommonPasswordValidator):
    """Refuse well-known passwords, also repeated, or beside something expected.

    That is the name of this service, or a row of keys such as `12345678`.

    Refused as well are a few repeated characters and rows of keys alone. These are the
    expected passwords of NIST SP 800-63B-4, section 3.1.1.2; there are no rules about
    kinds of characters.
    """

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > MAX_LENGTH:
            return
        folded = normalised(password).casefold().strip()
        candidates = {folded}
        for word in _words_of_this_service():
            if word in folded:
                candidates.add("".join(filter(str.isalnum, folded.replace(word, ""))))
        candidates.update(_without_rows(folded))
        if any(map(self._is_expected, candidates)):
            raise ValidationError(self.get_error_message(), code="password_too_common")

    def _is_expected(self, text: str) -> bool:
        unit = _repeated_unit(text)
        return len(unit) <= SHORT_UNIT or unit in self.passwords or _is_row(unit)


def _without_rows(text: str) -> Iterator[str]:
    """Yield the text without a row of keys at its end, and without one at its start."""
    ends = range(len(text) - ROW_MIN + 1)
    if start := next((n for n in ends if _is_row(text[n:])), 0):
        yield text[:start].strip()
    if end := next((n for n in ends if _is_row(text[: len(text) - n])), 0):
        yield text[len(text) - end :].strip()


def _is_row(text: str) -> bool:
    return any(_continues(text, sequence) for sequence in SEQUENCES)


def _words_of_this_service() -> set[str]:
    host = urlsplit(settings.BASE_URL).hostname or ""
    return {"ownlist", host.casefold()} - {""}


def _repeated_unit(text: str) -> str:
    """Return the shortest beginning that makes up the whole text by repetition."""
    for length in range(1, len(text)):
        if text == (text[:length] * (len(text) // length + 1))[: len(text)]:
            return text[:length]
    return text


def _continues(text: str, sequence: str) -> bool:
    """Tell whether the text is a part of the sequence, forwards or backwards."""
    rows = sequence * 2
    return text in rows or text in rows[::-1]
