"""Which responses are compressed, and which never are."""

import gzip

import pytest

from tests.factories import PASSWORD

GZIP = {"Accept-Encoding": "gzip, br"}


def test_compresses_a_page(page_as, alice):
    response = page_as(alice).get("/", headers=GZIP)

    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"].count("Accept-Encoding") == 1
    assert "<h1" in gzip.decompress(response.content).decode()
    assert int(response["Content-Length"]) == len(response.content)


def test_pads_a_page_by_a_random_length(client):
    lengths = {
        len(client.get("/accounts/login/", headers=GZIP).content) for _ in range(20)
    }

    assert len(lengths) > 5


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_does_not_compress_what_another_site_requests(page_as, alice, site):
    followed = {
        "Sec-Fetch-Site": site,
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }

    response = page_as(alice).get("/?q=guess", headers=GZIP | followed)

    assert response.status_code == 200
    assert "Content-Encoding" not in response


def test_does_not_compress_answers_of_the_api(api_as, api, alice):
    sign_in = {"email": alice.email, "password": PASSWORD}

    answers = [
        api.post("/api/v1/auth/token", sign_in, headers=GZIP),
        api_as(alice).get("/api/v1/tasks", headers=GZIP),
        api_as(alice).get("/api/v1/export?format=json", headers=GZIP),
        api_as(alice).get("/api/schema", headers=GZIP),
    ]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any("Content-Encoding" in answer for answer in answers)
