"""Better Auth's own tokens on our API, from a real server."""

import pytest
from rest_framework.test import APIClient

from accounts.models import LinkedIdentity, User

ALGORITHMS = ["EdDSA", "ES256", "ES512", "RS256", "PS256"]


def client_with(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def trust(settings):
    """Trust these servers, and forget what was known of others."""

    def trusted(*servers, **words):
        settings.BETTER_AUTH_ISSUERS = "[" + ",".join(
            __import__("json").dumps({"url": server.url, **words}) for server in servers
        ) + "]"

    return trusted


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_opens_the_api(start_better_auth, trust, algorithm):
    server = start_better_auth(algorithm=algorithm)
    trust(server)
    person = server.sign_up()

    client = client_with(server.token(person))
    created = client.post(f"/api/{person.user_id}/tasks", {"title": "Buy milk"})
    listed = client.get("/api/v1/tasks")

    assert created.status_code == 201, created.content
    assert created.json()["user_id"] == person.user_id
    assert [task["title"] for task in listed.json()["results"]] == ["Buy milk"]
    assert LinkedIdentity.objects.get().subject == person.user_id
    assert User.objects.get().email is None
