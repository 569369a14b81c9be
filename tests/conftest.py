"""Fixtures that every test may use. The plumbing below them is in `tests/plugins`."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from config.api.throttling import users
from tests.factories import UserFactory

pytest_plugins = [
    "tests.plugins.better_auth",
    "tests.plugins.browser",
    "tests.plugins.database",
    "tests.plugins.summary",
]


@pytest.fixture(autouse=True)
def _fresh_limits(request):
    """Begin each test that has a database with rate limits at zero."""
    database = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    if database or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        cache.clear()
    users.forget()


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
    """Make a client of the API that presents an access token of the given user."""

    def client_for(user):
        pair = tokens.start_family(user=user, at=timezone.now())
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
        return client

    return client_for


@pytest.fixture
def page_as():
    """Make a browser-like client with a session of the given user."""

    def client_for(user):
        client = Client()
        client.force_login(
            user, backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return client

    return client_for


@pytest.fixture
def api_with():
    """Make a client of the API that presents this token."""

    def client_for(token):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return client_for
