"""A token of Better Auth that was used a moment ago: one statement reads everything."""

import pytest
from django.utils import timezone

from accounts.better_auth import verifier
from accounts.credentials import deactivate, sign_out_everywhere
from accounts.models import LinkedIdentity
from tests import forging
from tests.factories import TaskFactory, UserFactory

pytestmark = pytest.mark.django_db

SUBJECT = "subject-1"


@pytest.fixture
def issuer(trust, key_server):
    key_server.publish(forging.jwk(forging.key_of("EdDSA")))
    trust({"url": key_server.url})
    return key_server.url


@pytest.fixture
def identity(issuer):
    now = timezone.now()
    return LinkedIdentity.objects.create(
        user=UserFactory(),
        issuer=issuer,
        subject=SUBJECT,
        created_at=now,
        last_used_at=now,
    )


@pytest.fixture
def task(identity):
    return TaskFactory(owner=identity.user, labels=["home"])


@pytest.fixture(
    params=[
        "/api/v1/tasks",
        "/api/v1/tasks/{task}",
        "/api/me/tasks",
        f"/api/{SUBJECT}/tasks?status=pending&limit=1",
        "/api/me/tasks/{task}",
        f"/api/{SUBJECT}/tasks/{{task}}",
    ]
)
def url(request, task):
    return request.param.format(task=task.pk)


@pytest.fixture
def client(issuer, identity, api_with):
    """A client whose token has been used once."""
    claims = forging.better_auth_claims(issuer, SUBJECT, timezone.now())
    client = api_with(forging.sign(claims, forging.key_of("EdDSA")))
    assert client.get("/api/v1/users/me").status_code == 200
    return client


def test_a_read_takes_one_query(client, url, task, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get(url)

    assert response.status_code == 200
    assert str(task.pk) in response.content.decode()


def test_no_part_of_a_known_token_is_decoded(client, url, monkeypatch):
    monkeypatch.setattr(verifier, "_json_object", None)

    assert client.get(url).status_code == 200


@pytest.mark.parametrize("end", ["suspend", "deactivate", "sign out", "unlink"])
def test_the_next_read_notices_that_the_identity_ended(
    client, url, task, identity, end
):
    if end == "suspend":
        LinkedIdentity.objects.update(suspended_at=timezone.now())
    elif end == "deactivate":
        deactivate(user=identity.user, at=timezone.now())
    elif end == "sign out":
        sign_out_everywhere(user=identity.user, at=timezone.now())
    else:
        identity.delete()

    response = client.get(url)

    assert str(task.pk) not in response.content.decode()
    if end != "unlink":  # then the token makes a new account, which has no tasks
        assert response.status_code == 401


def test_the_next_read_notices_that_the_identity_moved(client, url, task, identity):
    other = UserFactory()
    TaskFactory(owner=other, title="Of the other account")
    LinkedIdentity.objects.update(user=other)

    response = client.get(url)

    assert str(task.pk) not in response.content.decode()
    is_list = str(task.pk) not in url
    assert ("Of the other account" in response.content.decode()) == is_list


def test_an_empty_list_is_read_with_three_queries(client, django_assert_num_queries):
    with django_assert_num_queries(3):
        assert client.get("/api/v1/tasks").json()["results"] == []
