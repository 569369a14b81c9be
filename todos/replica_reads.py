"""Reads of a user's rows that a replica may answer.

Every change of a user's tasks, lists and labels takes the next number of their ledger.
A replica with the same number therefore has all that the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from accounts.models import User
from config import replica
from todos.ledger import last_number

Result = TypeVar("Result")


def read_current(
    user: User, work: Callable[[], Result], *, last: int | None = None
) -> Result:
    """Return what `work` reads of the user's rows, from a replica if it has all.

    `last` is the number of the user's last change, if it has been read already.
    """
    return replica.read(work, number=partial(last_number, user), needed=last)
