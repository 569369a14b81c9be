"""Who writes: passed whole to every action, and held by its batch."""

from dataclasses import dataclass
from datetime import datetime

from accounts.credentials import Credential
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Caller:
    """The user whose data an action writes, the credential it came with, and when.

    An interface makes one for each request.
    """

    owner: User
    by: Credential
    at: datetime
