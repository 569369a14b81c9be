"""Two instances and a proxy for these tests."""

import json
import secrets

import pytest

from tests import served
from tests.deploy import programs, proxies
from tests.deploy.instances import Instances


@pytest.fixture(scope="session")
def instances(tmp_path_factory):
    """Two instances on one SQLite database."""
    with Instances(tmp_path_factory.mktemp("instances")) as running:
        yield running


@pytest.fixture(scope="session", params=["nginx", "caddy"])
def proxy(request, instances, tmp_path_factory):
    """The proxy in front of them, with the file of `deploy/`."""
    name = request.param
    if not programs.find(name):
        pytest.skip(f"there is no {name}: python -m tests.deploy.programs fetches it")
    directory = tmp_path_factory.mktemp(name)
    with proxies.running(name, directory, instances.ports) as running:
        yield running


@pytest.fixture
def token(proxy):
    """The headers of a new account that sends JSON."""
    return register(proxy, {})


def register(proxy, headers):
    """Make an account with these headers, and return those of its API calls."""
    mail = f"{secrets.token_hex(8)}@example.com"
    body = json.dumps({"email": mail, "password": served.PASSWORD}).encode()
    json_type = {"Content-Type": "application/json"}
    answer = proxy.ask("POST", "/api/v1/auth/register", body, json_type | headers)
    assert answer.status == 201, answer
    access = json.loads(answer.body)["access"]
    return json_type | {"Authorization": f"Bearer {access}"}
