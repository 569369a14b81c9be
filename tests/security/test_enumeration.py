"""API6:2023 and ASVS 6.3.8: nobody learns who has an account.

Counting attempts is tested in `tests/config/test_throttling.py`; this server has no
limits that the many requests of these tests would reach.
"""

import re

import pytest

from tests.factories import PASSWORD

KNOWN = "alice.surname@example.com"
UNKNOWN = "nobody.surname@example.com"


def without_secrets(text):
    """Leave out what differs in every answer."""
    text = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)  # padding of compression
    return text.replace(KNOWN, UNKNOWN)


@pytest.mark.parametrize("password", ["", "x", "a wrong password of some length", "\0"])
def test_the_api_answers_the_same_for_every_address(target, password):
    answers = [
        target.api("POST", "/api/v1/auth/token", {"email": one, "password": password})
        for one in (KNOWN, UNKNOWN)
    ]

    assert len({(one.status, without_secrets(one.text)) for one in answers}) == 1
    assert answers[0].status in {400, 401}


def test_registering_answers_the_same_for_every_address(target):
    answers = [
        target.api(
            "POST", "/api/v1/auth/register", {"email": one, "password": PASSWORD}
        )
        for one in (KNOWN, UNKNOWN)
    ]

    assert len({(one.status, without_secrets(one.text)) for one in answers}) == 1
    assert answers[0].status == 202


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/accounts/login/", "login"),
        ("/accounts/password/reset/", "email"),
        ("/admin/login/", "username"),
    ],
)
def test_the_pages_answer_the_same_for_every_address(target, path, field):
    answers = [
        target.page("POST", path, {field: one, "password": "a wrong password here"})
        for one in (KNOWN, UNKNOWN)
    ]

    assert len({(one.status, one.headers.get("Location")) for one in answers}) == 1
    assert len({without_secrets(one.text) for one in answers}) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/key/0-no-such-key/",
        "/accounts/password/reset/key/1-no-such-key/",
        "/accounts/confirm-email/no-such-key/",
        "/reminders/no-such-token/",
        "/accounts/login/code/confirm/",
    ],
)
def test_a_made_up_link_opens_nothing(target, path):
    for method in ("GET", "POST"):
        answer = target.page(method, path)

        assert answer.status in {200, 302, 303, 404}
        assert "@example.com" not in answer.text
