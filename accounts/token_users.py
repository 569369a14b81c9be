"""The user that a verified token names, and views that read their answer with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from config.compiled_queries import RowValues

# The names of the user's columns in such a row begin like this, and those of the
# identity like that.
OWNER = "owner__"
IDENTITY = "owner__identities__"


@dataclass(frozen=True, slots=True)
class TokenUser:
    """The user that a verified token names, who may not be allowed to use it any more.

    A token of Better Auth names an identity, by `issuer` and `subject`. It was linked
    to this user a moment ago, so what is read must require that it still is.
    """

    id: UUID
    issuer: str = ""
    subject: str = ""


class ReadsWithUser(Protocol):
    """A view that can read its answer and the user with one statement."""

    def read_with_user(self, user: TokenUser) -> RowValues | None:
        """Return a row with the columns of the user, or None if it has not read any.

        These are `REQUEST_FIELDS` after `OWNER` and, if the token names an identity,
        `IDENTITY_FIELDS` after `IDENTITY`.
        """
