"""The base of all refusals: a request that the present state does not allow.

An action raises a refusal, and each interface renders it: pages show the text, the API
answers 409 with the text and the code.
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """The object belongs to the user, but its state or the account's forbids this."""

    code: ClassVar[str]  # for programs; part of the API's contract
    text: ClassVar[str]  # for users, unless the raiser passes a more specific one
    members: Mapping[str, object] = {}  # further members of the problem document

    def __init__(self, text: str = "") -> None:
        super().__init__(text or self.text)
