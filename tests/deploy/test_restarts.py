"""Behind nginx and Caddy, a restart of one of two instances loses no request."""

import json
import os
import signal

import pytest

from tests.deploy import load

pytestmark = pytest.mark.slow


def assert_nothing_failed(proxy, outcome):
    """Every answer is of success.

    Caddy sends a write once. If the connection is refused, as may happen to one of each
    client in each restart, it gets 503 and is not stored. On a busy machine Caddy may
    look late at the instances, and it happens once more.
    """
    if proxy.name == "caddy":
        assert set(outcome.bad) <= {503}
        assert len(outcome.bad) <= 4 * load.CLIENTS
    else:
        assert outcome.bad == []


def titles_of(proxy, token):
    """Return the titles of all tasks, page by page."""
    titles, path = [], "/api/v1/tasks?page_size=100&fields=title"
    while path:
        page = json.loads(proxy.ask("GET", path, None, token).body)
        titles += [task["title"] for task in page["results"]]
        path = page["next"] and "/api/" + page["next"].partition("/api/")[2]
    return titles


def test_a_rolling_restart_loses_nothing(proxy, instances, token):
    with load.steady(proxy, token) as outcome:
        for port in instances.ports:
            with outcome.going_on():
                instances.stop(port)
                instances.start(port)

    assert_nothing_failed(proxy, outcome)
    assert sorted(titles_of(proxy, token)) == sorted(outcome.stored)


def test_replacing_the_processes_by_sighup_loses_nothing(proxy, instances, token):
    with load.steady(proxy, token) as outcome:
        for port in instances.ports:
            with outcome.going_on():
                instances.replace_processes(port)

    assert outcome.bad == []
    assert sorted(titles_of(proxy, token)) == sorted(outcome.stored)


def test_an_instance_that_dies_costs_only_its_running_requests(proxy, instances, token):
    port = instances.ports[0]
    with load.steady(proxy, token) as outcome:
        instances.kill(port)
        with outcome.going_on():
            instances.start(port)

    # One that was running, and one more until the proxy has noticed.
    assert len(outcome.bad) <= 2 * load.CLIENTS
    # A write whose answer was cut off may have been stored.
    assert set(outcome.stored) <= set(titles_of(proxy, token))


def test_without_any_instance_the_answer_is_503_and_says_when_to_return(
    proxy, instances, token
):
    for port in instances.ports:
        instances.stop(port)
    try:
        call = proxy.ask("GET", "/api/v1/tasks?q=secretword", None, token)
        page = proxy.ask("GET", "/accounts/login/")
    finally:
        for port in instances.ports:
            instances.start(port)
    after = proxy.ask("GET", "/api/v1/tasks", None, token)

    assert (call.status, page.status) == (503, 503)
    assert call.headers["Retry-After"] == page.headers["Retry-After"] == "5"
    assert json.loads(call.body)["code"] == "unavailable"
    assert page.headers["Content-Type"].startswith("text/html")
    assert after.status == 200
    assert "secretword" not in proxy.logs()


def test_nginx_takes_a_new_configuration_without_an_error(proxy, token):
    if proxy.name != "nginx":
        pytest.skip("Caddy takes one over its own interface, which the test has off")
    os.kill(proxy.pid, signal.SIGHUP)
    statuses = [
        proxy.ask("GET", "/api/v1/tasks", None, token).status for _ in range(100)
    ]

    assert statuses == [200] * 100
