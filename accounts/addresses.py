"""The syntax of e-mail addresses: one spelling for each mailbox.

The standards allow more than is in use: quotes and backslashes in the local part,
comments, encoded words, IP addresses in brackets. Each is another spelling of a mailbox
that may have an account already, and mail software parses them in different ways. A new
address must have the usual spelling.

These rules need no database. Which addresses are verified, `accounts.emails` knows.
"""

import re

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import EmailValidator, RegexValidator

MAX_LENGTH = 254  # RFC 5321 section 4.5.3.1.3

# Letters of other scripts that look the same could claim the address of another user
# (CVE-2019-19844). An account that already has an unusual address can sign in with it.
ascii_email = RegexValidator(
    r"^[\x21-\x7e]+$",
    "Use ASCII characters only; write an international domain as xn--….",
    code="invalid",
)

validate_email = EmailValidator("Enter a valid e-mail address.")

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
MAILBOX = re.compile(rf"{ATOM}(?:\.{ATOM})*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
ENCODED_WORD = "=?"


def validate_address(address: str) -> None:
    """Check an address that may be that of an existing account.

    Raises:
        ValidationError: it is too long, not in ASCII, or not an address.
    """
    if len(address) > MAX_LENGTH:
        raise ValidationError(
            f"Use an address of at most {MAX_LENGTH} characters.", code="max_length"
        )
    ascii_email(address)
    validate_email(address)


def validate_new_address(address: str) -> None:
    """Check that an account can have this address.

    Raises:
        ValidationError: it is not an address, or not in the usual spelling.
    """
    validate_address(address)
    if (
        MAILBOX.fullmatch(address) is None
        or ENCODED_WORD in address
        or sanitize_address(address, "utf-8") != address
    ):
        raise ValidationError(
            "Write the address as it is usually written: without quotes, brackets or"
            " encoded words.",
            code="invalid",
        )
