"""Lengths that an answer without a body declares (RFC 9110 section 8.6)."""

import pytest
from django.urls import reverse

from tests.factories import TaskFactory

PAGES = ["text/html", "text/*", "text/html,application/xhtml+xml,*/*;q=0.8"]


@pytest.fixture(params=["program", "browser"])
def caller(request, api_as, page_as, alice):
    """A client of Alice: each has its own chain of middleware."""
    return api_as(alice) if request.param == "program" else page_as(alice)


@pytest.fixture
def url(alice):
    return reverse("api:task-detail", args=[TaskFactory(owner=alice).pk])


@pytest.mark.parametrize("accept", ["application/json", *PAGES])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_304_has_no_body_and_no_length(caller, url, method, accept):
    headers = {"Accept": accept, "If-None-Match": "*"}

    response = getattr(caller, method)(url, headers=headers)

    assert (response.status_code, response.content) == (304, b"")
    assert response["ETag"]
    assert not {"Content-Length", "Content-Type"} & {*response.headers}


def test_a_304_of_the_schema_has_no_length(client, db):
    response = client.get("/api/schema", headers={"If-None-Match": "*"})

    assert response.status_code == 304
    assert "Content-Length" not in response


def test_a_204_has_no_length(caller, url):
    response = caller.delete(url, headers={"Accept": "application/json"})

    assert response.status_code == 204
    assert "Content-Length" not in response


@pytest.mark.parametrize("accept", PAGES)
def test_head_of_a_page_declares_no_other_length_than_get(caller, url, accept):
    headers = {"Accept": accept}

    shown, head = (
        getattr(caller, one)(url, headers=headers) for one in ("get", "head")
    )

    assert (head.status_code, head["Content-Type"]) == (200, shown["Content-Type"])
    assert "Content-Length" not in head


def test_head_of_json_declares_the_length_of_get(caller, url):
    headers = {"Accept": "application/json"}

    shown, head = (
        getattr(caller, one)(url, headers=headers) for one in ("get", "head")
    )

    assert head["Content-Length"] == shown["Content-Length"] == str(len(shown.content))
