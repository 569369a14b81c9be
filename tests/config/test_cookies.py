"""The cookies of this service beside Django's own."""

from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts import begun_sign_ins, device_cookies, trusted_browsers

COOKIES = [x.COOKIE for x in (begun_sign_ins, device_cookies, trusted_browsers)]


def read(cookie, value):
    request = RequestFactory().get("/")
    request.COOKIES[cookie.name] = value
    return cookie.read(request)


@pytest.mark.parametrize("cookie", COOKIES, ids=lambda cookie: cookie.name)
def test_a_signed_cookie_is_ours_secure_and_bounded(cookie, settings):
    settings.SESSION_COOKIE_SECURE = True
    response = HttpResponse()
    cookie.write(response, "a.b-1")
    kept = response.cookies[cookie.name]

    assert kept["secure"] and kept["httponly"] and kept["samesite"] == "Lax"
    assert kept["path"] == "/" and not kept["domain"]
    assert kept["max-age"] == cookie.max_age
    assert read(cookie, kept.value) == "a.b-1"
    other = next(one for one in COOKIES if one is not cookie)
    assert read(other, kept.value) == ""
    for forged in ("", "a.b-1", kept.value[:-1], "x" + kept.value):
        assert read(cookie, forged) == ""
    cookie.write(response, "x" * cookie.max_length)
    assert read(cookie, response.cookies[cookie.name].value) == ""
    assert read(replace(cookie, max_age=-1), kept.value) == ""
