"""An account with 50 tasks of today on a running server, for measurements."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

from tests.served import Served


@dataclass(frozen=True, slots=True)
class Sample:
    """The account: its session cookie, and the paths of its pages."""

    cookie: tuple[str, str]
    today: str
    a_list: str
    details: str


def fill(server: Served) -> Sample:
    """Create the account in the database of the server."""
    program = [sys.executable, "-m", "tests.browser.sample"]
    done = subprocess.run(
        program, env=server.environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return Sample(**json.loads(done.stdout))


def _create() -> Sample:
    from django.conf import settings
    from django.urls import reverse
    from django.utils import timezone

    from tests.browser.states.lists import fill_today
    from tests.factories import UserFactory
    from tests.signing_in import browser_of, password_at
    from todos.models import Task

    alice = UserFactory(display_name="Alice")
    home = fill_today(alice)
    client = browser_of(alice, proof=password_at(timezone.now()))
    today = reverse("todos:task-today")
    task = Task.objects.owned_by(alice).order_by("due_date", "position").first()
    return Sample(
        cookie=(
            settings.SESSION_COOKIE_NAME,
            client.cookies[settings.SESSION_COOKIE_NAME].value,
        ),
        today=today,
        a_list=reverse("todos:list-detail", args=[home.pk]),
        details=f"{today}?task={task.pk}",
    )


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(asdict(_create())))
