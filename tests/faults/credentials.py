"""Many credentials of one user: `python -m tests.faults.credentials KIND USER NUMBER`.

It prints them as JSON, each as the headers of a request, from the database of the
environment.
"""

import argparse
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import django

if TYPE_CHECKING:
    from accounts.models import User

Headers = dict[str, str]


def made(
    environment: Mapping[str, str], kind: str, user: str, number: int
) -> list[Headers]:
    """Return new credentials of the user with this id, made in another process."""
    program = [sys.executable, "-m", "tests.faults.credentials", kind, user]
    done = subprocess.run(
        [*program, str(number)], env=environment, stdout=subprocess.PIPE, check=True
    )
    return cast(list[Headers], json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.credentials")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("user")
    parser.add_argument("number", type=int)
    options = parser.parse_args()
    django.setup()
    from accounts.models import User

    user = User.objects.get(pk=options.user)
    make = KINDS[options.kind]
    print(json.dumps([make(user) for _ in range(options.number)]))


def _own_token(user: "User") -> Headers:
    from django.utils import timezone

    from accounts import tokens

    now = timezone.now()
    pair = tokens.start_family(user=user, at=now, authenticated_at=now)
    return {"Authorization": f"Bearer {pair.access}"}


def _personal_token(user: "User") -> Headers:
    from tests import personal_tokens

    return {"Authorization": f"Bearer {personal_tokens.text_of(user)}"}


def _session(user: "User") -> Headers:
    from django.conf import settings

    from tests import signing_in

    session = signing_in.browser_of(user).cookies[settings.SESSION_COOKIE_NAME].value
    csrf = secrets.token_hex(16)
    cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: csrf}
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"Cookie": cookie, "X-CSRFToken": csrf}


KINDS: dict[str, Callable[["User"], Headers]] = {
    "own token": _own_token,
    "personal token": _personal_token,
    "session": _session,
}


if __name__ == "__main__":
    main()
