"""The registry of all pages in all their states.

A state is a function that creates its data and opens its page:

    @state
    def today_with_a_long_title(visit):
        alice = visit.sign_in()
        TaskFactory(owner=alice, title="x" * 300, due_date=today())
        visit.go("/")

Put it into a module of `tests/browser/states`. `test_states.py` then checks it for
accessibility, overflow and policy violations, and `make screenshots` draws it.

A state is opened on a desk; then the same page is shown at other sizes and in both
colour schemes. A state that only a phone has, such as an open menu, is registered by
`@state_with(viewport=PHONE)`, and one with an error by `@state_with(404)`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize

from accounts.models import User
from tests.factories import UserFactory
from tests.signing_in import browser_of, factor_at, password_at

PHONE: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 800}
STATES = Path(__file__).parent / "states"


@dataclass
class Visit:
    """An empty browser page at a site, for a state to open its page in."""

    page: Page
    site: str  # the URL of the server, without a slash at the end

    def sign_in(self, user: User | None = None, **fields: object) -> User:
        """Sign in, by default as a new user with these fields; return the user."""
        user = user or UserFactory(**{"display_name": "Alice", **fields})
        proof = factor_at if user.has_factor else password_at
        client = browser_of(user, proof=proof(timezone.now()))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.page.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": self.site}]
        )
        return user

    def go(self, path: str) -> None:
        """Open a path of the site."""
        self.page.goto(self.site + path)


@dataclass(frozen=True)
class State:
    """A page in one state."""

    open: Callable[[Visit], None]
    statuses: tuple[int, ...]  # of HTTP errors that belong to it
    viewport: ViewportSize

    @property
    def name(self) -> str:
        """The name in reports and of pictures: `today-full`."""
        return self.open.__name__.replace("_", "-")

    @property
    def area(self) -> str:
        """The module that defines the state."""
        return self.open.__module__.rpartition(".")[2]


_states: list[State] = []


Open = Callable[[Visit], None]


def state(open_page: Open) -> Open:
    """Register a function as a state."""
    return state_with()(open_page)


def state_with(*statuses: int, viewport: ViewportSize = DESK) -> Callable[[Open], Open]:
    """Register a function as a state with HTTP errors, or with its own viewport."""

    def register(open_page: Open) -> Open:
        _states.append(State(open_page, statuses, viewport))
        return open_page

    return register


def areas() -> list[str]:
    """Return the names of the modules with states."""
    return sorted(module.name for module in pkgutil.iter_modules([str(STATES)]))


def states_of(area: str) -> list[State]:
    """Return the states that a module defines."""
    importlib.import_module(f"tests.browser.states.{area}")
    found = [each for each in _states if each.area == area]
    assert len({each.name for each in found}) == len(found), "a name is used twice"
    return found


def today(days: int = 0) -> date:
    """Return the date in so many days, for a user in UTC."""
    return timezone.now().date() + timedelta(days)
