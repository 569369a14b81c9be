"""Which media type an endpoint answers, and the limits of those that have none."""

import pytest

TASKS = "/api/v1/tasks"
XML = {"Accept": "application/xml"}


def remaining(response):
    return int(response["RateLimit"].partition("r=")[2].partition(";")[0])


@pytest.mark.parametrize("method", ["get", "post", "options"])
def test_a_request_without_an_answer_it_accepts_is_counted(api_as, alice, method):
    client = api_as(alice)
    before = remaining(client.get(TASKS))

    refused = getattr(client, method)(TASKS, headers=XML)

    assert refused.status_code == 406
    assert remaining(refused) == before - 1
    assert remaining(client.get(TASKS)) == before - 2


def test_beyond_the_limit_it_gets_429(api_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"user": (1, 10**10)}
    client = api_as(alice)

    statuses = [client.get(TASKS, headers=XML).status_code for _ in range(2)]

    assert statuses == [406, 429]


def test_attempts_to_sign_in_are_counted_whatever_they_accept(client, db):
    response = client.post("/api/v1/auth/token", headers=XML)

    assert response.status_code == 406
    assert response["RateLimit"].startswith('"sign-in-address";r=59;')


@pytest.mark.parametrize("accept", ["", " ", ",", ", ,\t,"])
def test_an_empty_accept_means_anything(api_as, alice, accept):
    response = api_as(alice).get(TASKS, headers={"Accept": accept})

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_an_empty_accept_gets_the_schema(client, db):
    response = client.get("/api/schema", headers={"Accept": ""})

    assert response.status_code == 200
