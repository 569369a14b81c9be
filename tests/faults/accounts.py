"""The users of the load, and every write that was acknowledged to them."""

import secrets
from collections import deque
from dataclasses import dataclass, field

from tests import served
from tests.faults.client import ask


@dataclass(slots=True)
class Account:
    """A user, with what the service said it has done for them."""

    headers: dict[str, str]
    id: str = ""
    email: str = ""
    created: dict[str, str] = field(default_factory=dict)  # id by title
    changed: dict[str, str] = field(default_factory=dict)  # notes by id
    completed: set[str] = field(default_factory=set)
    unused: deque[str] = field(default_factory=deque)  # ids that are not yet changed

    @property
    def writes(self) -> int:
        """How many writes were acknowledged."""
        return len(self.created) + len(self.changed) + len(self.completed)

    def sign_in(self, port: int) -> bool:
        """Sign in again, and tell whether that was possible."""
        body = {"email": self.email, "password": served.PASSWORD}
        answer = ask(port, "POST", "/api/v1/auth/token", body=body)
        if answer.is_good:
            self.headers = {"Authorization": f"Bearer {answer.body['access']}"}
        return answer.is_good


def register(port: int) -> Account:
    """Create a user through the API. The access token is valid for five minutes."""
    email = f"{secrets.token_hex(8)}@example.com"
    body = {"email": email, "password": served.PASSWORD}
    answer = ask(port, "POST", "/api/v1/auth/register", body=body)
    assert answer.status == 201, answer
    headers = {"Authorization": f"Bearer {answer.body['access']}"}
    return Account(headers, answer.body["user"]["id"], email)
