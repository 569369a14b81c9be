"""What an e-mail address may look like: one spelling for one mailbox.

Mail allows more than people use: quotes and backslashes in the part before the @,
comments, encoded words, addresses of machines in brackets. Each is another way to write
a mailbox that somebody has already, and mail software takes them apart in ways of its
own. A new address is written in the one way that everybody knows.
"""

import re

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import RegexValidator, validate_email

MAX_LENGTH = 254  # RFC 5321 section 4.5.3.1.3

# Letters that look alike in other scripts could claim somebody's address
# (CVE-2019-19844). An account that has an address of any other kind may sign in by it.
ascii_email = RegexValidator(
    r"^[\x21-\x7e]+$",
    "Write the address in plain ASCII; an international domain as xn--….",
    code="invalid",
)

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
MAILBOX = re.compile(rf"{ATOM}(?:\.{ATOM})*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
ENCODED_WORD = "=?"


def validate_new_address(address: str) -> None:
    """Refuse what an account can't have for its address.

    Raises:
        ValidationError: it is too long, no address, or not in its usual spelling.
    """
    if len(address) > MAX_LENGTH:
        raise ValidationError(
            f"Use an address of at most {MAX_LENGTH} characters.", code="max_length"
        )
    ascii_email(address)
    validate_email(address)
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
