"""The doctor asks the public address what the proxies make of a request."""

from email.message import Message

import pytest
from django.core import signing
from django.test import Client

from accounts.better_auth.fetching import Answer, FetchFailed
from config.doctor import proxy
from config.doctor.arrival import FORGED, HEADER, signature
from config.doctor.findings import Level
from config.doctor.proxy import check_proxy

URL = "https://lists.example.com"
CLIENT = "198.51.100.7"


def problems(findings):
    return [finding for finding in findings if finding.level != Level.OK]


def only(findings):
    (finding,) = problems(findings)
    return finding


def appending(headers):
    """A proxy that does what it must."""
    return headers | {
        "X-Forwarded-For": f"{headers['X-Forwarded-For']}, {CLIENT}",
        "X-Forwarded-Proto": "https",
    }


def replacing(headers):
    """A proxy that trusts nobody in front of it."""
    return headers | {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}


def passing(headers):
    """A proxy that changes nothing."""
    return headers


def forgetting_the_scheme(headers):
    return headers | {"X-Forwarded-For": CLIENT}


@pytest.fixture
def deployed(settings, db, monkeypatch):
    """A service behind a proxy: call it with what the proxy does to headers."""
    settings.BASE_URL = URL
    settings.ALLOWED_HOSTS = ["lists.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 60

    def deploy(proxied, *, count=1, host="lists.example.com", drops=()):
        settings.PROXY_COUNT = count
        settings.SECURE_PROXY_SSL_HEADER = (
            ("HTTP_X_FORWARDED_PROTO", "https") if count else None
        )

        def fetch(url, *, headers, timeout):
            response = Client().get(
                url.removeprefix(URL), headers=proxied(headers) | {"Host": host}
            )
            received = Message()
            for name, value in response.headers.items():
                if name not in drops:
                    received[name] = value
            return Answer(response.status_code, received, response.content)

        monkeypatch.setattr(proxy, "fetch", fetch)

    return deploy


@pytest.mark.parametrize("proxied", [appending, replacing])
def test_a_good_proxy_is_found_good(deployed, proxied):
    deployed(proxied)

    found = list(check_proxy(URL))

    assert problems(found) == []
    assert any(CLIENT in finding.text for finding in found)


def test_a_proxy_that_is_not_counted_is_an_error(deployed):
    deployed(appending, count=0)

    texts = [finding.text for finding in problems(check_proxy(URL))]

    assert "The request passed 1 proxy, and PROXY_COUNT is 0." in texts
    assert "The scheme arrives as http, not https." in texts


def test_a_forged_address_that_is_believed_is_an_error(deployed):
    deployed(lambda headers: passing(headers) | {"X-Forwarded-Proto": "https"})

    finding = only(check_proxy(URL))

    assert finding.level == Level.ERROR
    assert "can choose the address" in finding.text


def test_a_count_that_is_too_high_is_an_error(deployed):
    deployed(appending, count=2)

    assert "can choose the address" in only(check_proxy(URL)).text


def test_a_forged_scheme_that_is_passed_on_is_an_error(deployed):
    deployed(forgetting_the_scheme)

    texts = [finding.text for finding in problems(check_proxy(URL))]

    assert "The scheme arrives as http, not https." in texts


def test_a_proxy_that_drops_hsts_gets_a_warning(deployed):
    deployed(appending, drops={"Strict-Transport-Security"})

    assert "Strict-Transport-Security" in only(check_proxy(URL)).text


def test_a_proxy_that_changes_the_host_is_explained(deployed):
    deployed(appending, host="127.0.0.1:8000")

    assert "Host header" in only(check_proxy(URL)).hint


def test_another_service_is_explained(deployed, settings):
    deployed(lambda headers: appending(headers) | {HEADER: "of another key"})

    assert "SECRET_KEY" in only(check_proxy(URL)).hint


def test_an_address_that_does_not_respond_is_an_error(deployed, monkeypatch):
    deployed(appending)

    def fail(*args, **kwargs):
        raise FetchFailed("SSLCertVerificationError")

    monkeypatch.setattr(proxy, "fetch", fail)

    assert "SSLCertVerificationError" in only(check_proxy(URL)).text


def test_an_address_that_is_not_base_url_gets_a_warning(deployed, settings):
    deployed(appending)
    settings.BASE_URL = "https://other.example.com"

    assert "BASE_URL" in only(check_proxy(URL)).text


def test_what_is_not_an_address_is_refused():
    assert "is not an address" in only(check_proxy("lists.example.com")).text


# --- The page -----------------------------------------------------------------------


def test_the_page_answers_a_signed_request(client):
    response = client.get("/doctor", headers={HEADER: signature()})

    assert response.json() == {"address": "127.0.0.1", "proxies": 0, "scheme": "http"}


@pytest.mark.parametrize("value", [None, "", "made-up", f"{FORGED}:x"])
def test_the_page_does_not_exist_for_others(client, value):
    headers = {} if value is None else {HEADER: value}

    assert client.get("/doctor", headers=headers).status_code == 404


def test_a_signature_ends(client, monkeypatch):
    signed = signature()
    monkeypatch.setattr("config.doctor.arrival.LIFETIME", -1)

    assert client.get("/doctor", headers={HEADER: signed}).status_code == 404


def test_a_signature_of_another_purpose_is_refused(client):
    signed = signing.dumps("arrival", salt="other")

    assert client.get("/doctor", headers={HEADER: signed}).status_code == 404
