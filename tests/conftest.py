"""Fixtures that every test may use. The plumbing below them is in `tests/plugins`."""

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from config import counters
from config.models import RateCount
from tests import limits
from tests.benchmarks import processes
from tests.factories import UserFactory
from tests.signing_in import (
    browser_of,
    factor_at,
    password_at,
    program_of,
    with_app,
)

pytest_plugins = [
    "tests.plugins.better_auth",
    "tests.plugins.browser",
    "tests.plugins.database",
    "tests.plugins.faults",
    "tests.plugins.measured",
    "tests.plugins.owners",
    "tests.plugins.properties",
    "tests.plugins.slow",
    "tests.plugins.summary",
]


@pytest.fixture(autouse=True)
def _fresh_limits(request):
    """Begin each test that has a database with rate limits at zero."""
    database = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if database or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        cache.clear()
        RateCount.objects.all().delete()
    limits.forget()


@pytest.fixture
def one_rate_window(monkeypatch):
    """Count everything of the test in the window of its beginning.

    Windows begin at full minutes: a test that used up a limit of a minute would fail
    whenever it ran across one. The clock itself goes on: a slow test that stopped it
    would refuse the tokens it issues, as ones of the future.
    """
    began, window_of = time.time(), counters.window_of

    def first_window(now, period):
        _, ends_at = window_of(now, period)
        return window_of(began, period)[0], ends_at

    monkeypatch.setattr(counters, "window_of", first_window)


@pytest.fixture
def closed_port():
    """A port of 127.0.0.1 that refuses every connection while the test runs."""
    with processes.closed_port() as port:
        yield port


@pytest.fixture
def alice(db):
    """The owner of most things."""
    return UserFactory(email="alice@example.com", display_name="Alice")


@pytest.fixture
def bob(db):
    """A stranger to Alice."""
    return UserFactory(email="bob@example.com", display_name="Bob")


@pytest.fixture
def sam(db):
    """Support staff."""
    return UserFactory(email="sam@example.com", display_name="Sam", is_staff=True)


@pytest.fixture
def api():
    """A client of the API without a credential."""
    return APIClient()


@pytest.fixture
def api_as():
    """Make a client of the API that presents an access token of the given user.

    It signed in just now, unless the test says when, or None.
    """

    def client_for(user, **since):
        return program_of(user, **{"authenticated_at": timezone.now(), **since})

    return client_for


@pytest.fixture
def page_as():
    """Make a browser-like client with a session of the given user.

    They proved who they are just now, unless the test says when, or None. Staff did so
    with a second factor, which the admin requires.
    """

    def client_for(user, **since):
        at = since.get("authenticated_at", timezone.now())
        if user.is_staff and not user.has_factor:
            with_app(user, at=timezone.now() - timedelta(hours=1))
        proof = factor_at if user.has_factor else password_at
        return browser_of(user, proof=proof(at) if at else None)

    return client_for


@pytest.fixture
def api_with():
    """Make a client of the API that presents this token."""

    def client_for(token):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return client_for
