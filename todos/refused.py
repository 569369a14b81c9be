"""What every refusal to a user has: a text, a code, and what a program is told."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The object is the user's, but its state, or the account's, doesn't allow it."""

    code = "conflict"
    members: Mapping[str, Any] = {}  # what else a program is told
