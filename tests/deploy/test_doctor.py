"""The doctor finds the proxies with the files of `deploy/` good, and a wrong count."""

import pytest

from accounts.better_auth.fetching import Answer
from config.doctor import proxy as doctor
from config.doctor.findings import Level
from tests.deploy.instances import HOST

pytestmark = pytest.mark.slow
URL = f"https://{HOST}"


@pytest.fixture
def problems(proxy, instances, settings, monkeypatch):
    """What the doctor reports of the running proxy, with a PROXY_COUNT."""
    settings.SECRET_KEY = instances.environment["SECRET_KEY"]
    settings.BASE_URL = URL

    def fetch(url, *, headers, timeout):
        answer = proxy.ask("GET", url.removeprefix(URL), headers=headers)
        return Answer(answer.status, answer.headers, answer.body)

    monkeypatch.setattr(doctor, "fetch", fetch)

    def found(count):
        settings.PROXY_COUNT = count
        findings = list(doctor.check_proxy(URL))
        assert findings
        return [one.text for one in findings if one.level != Level.OK]

    return found


def test_our_files_for_proxies_are_found_good(problems):
    assert problems(1) == []


def test_a_wrong_count_is_named(problems):
    assert problems(2) == ["The request passed 1 proxy, and PROXY_COUNT is 2."]
