import pytest
from django.utils import timezone

from accounts import tokens

URL = "/api/v1/auth/logout"
REFRESH = "/api/v1/auth/token/refresh"


@pytest.fixture
def pair(alice):
    return tokens.start_family(user=alice, at=timezone.now())


def test_ends_the_sign_in_of_this_token(api, pair):
    response = api.post(URL, {"refresh": pair.refresh})

    assert response.status_code == 204
    assert response.content == b""
    assert api.post(REFRESH, {"refresh": pair.refresh}).status_code == 401


def test_is_idempotent(api, pair):
    first = api.post(URL, {"refresh": pair.refresh})
    second = api.post(URL, {"refresh": pair.refresh})

    assert (first.status_code, second.status_code) == (204, 204)


def test_an_older_token_ends_the_same_family(api, pair):
    newest = api.post(REFRESH, {"refresh": pair.refresh}).json()

    api.post(URL, {"refresh": pair.refresh})

    assert api.post(REFRESH, {"refresh": newest["refresh"]}).status_code == 401


def test_leaves_other_sign_ins_alone(api, pair, alice):
    other = tokens.start_family(user=alice, at=timezone.now())

    api.post(URL, {"refresh": pair.refresh})

    assert api.post(REFRESH, {"refresh": other.refresh}).status_code == 200


def test_refuses_an_access_token(api, pair):
    response = api.post(URL, {"refresh": pair.access})

    assert response.status_code == 401
    assert api.post(REFRESH, {"refresh": pair.refresh}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, [], "x"])
def test_names_what_is_wrong(api, db, body):
    response = api.post(URL, body)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
