"""Three web machines, one of PostgreSQL, and HAProxy with our file in front of them."""

import http.client
import itertools
import json
import re
import secrets
import socket
import ssl
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests import postgres, served
from tests.benchmarks import processes, services
from tests.deploy import certificates, load, programs
from tests.deploy.instances import HOST
from tests.deploy.network import Network, why_not
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.slow

FILE = Path(__file__).parents[2] / "deploy" / "haproxy" / "haproxy.cfg"
WEB = {"web1": "10.0.0.11", "web2": "10.0.0.12", "web3": "10.0.0.13"}
ADDRESSES = {
    "proxy": "10.0.0.2",
    "database": "10.0.0.3",
    "client": "10.0.0.4",
    "other": "10.0.0.5",
    **WEB,
}
PORT = 8000  # of each web machine, as the file says
JSON = {"Content-Type": "application/json"}
REGISTER, TASKS = "/api/v1/auth/register", "/api/v1/tasks"

needs_haproxy = pytest.mark.skipif(
    not programs.find("haproxy"),
    reason="there is no haproxy: python -m tests.deploy.programs fetches it",
)


def configuration(directory):
    """Write the file with another certificate, and without a user; return its path."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    both, path = directory / "both.pem", directory / "haproxy.cfg"
    certificates.write(HOST, certificate, key)
    both.write_text(certificate.read_text() + key.read_text())
    text = FILE.read_text()
    for old, new in {
        "/etc/haproxy/lists.example.com.pem": str(both),
        "    user haproxy\n    group haproxy\n": "",
        "maxconn 20000": "maxconn 500",  # of open files, few may be allowed here
        "log /dev/log local0": "log stdout format raw local0",
    }.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


@needs_haproxy
def test_haproxy_accepts_the_file_without_a_warning(tmp_path):
    done = subprocess.run(
        [programs.find("haproxy"), "-c", "-dW", "-f", configuration(tmp_path)],
        env=programs.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


# --- The machines -----------------------------------------------------------------


class Machines:
    """The running machines, as clients of the network see them."""

    def __init__(self, network, directory, context):
        self.network = network
        self.directory = directory
        self._context = context

    @contextmanager
    def connected(self, *, client="client"):
        """Yield a connection to the proxy, with TLS."""
        sender = self._socket(client, ADDRESSES["proxy"], 443)
        with closing(http.client.HTTPConnection(HOST, timeout=PATIENCE)) as connection:
            connection.sock = self._context.wrap_socket(sender, server_hostname=HOST)
            yield connection

    def _socket(self, client, address, port):
        return self.network.inside(
            client, lambda: socket.create_connection((address, port), timeout=PATIENCE)
        )

    def ask(self, method, path, body=None, headers=None, *, client="client"):
        """Ask the proxy, and return the status and the headers and the JSON."""
        with self.connected(client=client) as connection:
            return _ask(connection, method, path, body, headers or {})

    def ask_machine(self, name, method, path, body=None, headers=None):
        """Ask one web machine as the proxy does."""
        with closing(http.client.HTTPConnection(HOST, timeout=PATIENCE)) as connection:
            connection.sock = self._socket("proxy", WEB[name], PORT)
            forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.4"}
            return _ask(connection, method, path, body, forwarded | (headers or {}))

    def served(self, name):
        """Count the API requests that a machine has logged."""
        log = (self.directory / f"{name}.log").read_text()
        return log.count('"api/v1/')

    def register(self, **where):
        """Make an account, and return the headers of its calls."""
        account = new_account()
        status, _, answer = self.ask("POST", REGISTER, account, **where)
        assert status == 201, answer
        return JSON | {"Authorization": f"Bearer {answer['access']}"}


def _ask(connection, method, path, body, headers):
    connection.request(method, path, body and json.dumps(body), JSON | headers)
    response = connection.getresponse()
    content = response.read()
    return response.status, response.headers, content and json.loads(content)


def new_account():
    email = f"{secrets.token_hex(8)}@example.com"
    return {"email": email, "password": served.PASSWORD}


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    if not programs.find("haproxy"):
        pytest.skip("there is no haproxy: python -m tests.deploy.programs fetches it")
    if reason := why_not():
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("machines")
    with ExitStack() as stack:
        network = stack.enter_context(Network(ADDRESSES))
        start = stack.enter_context
        url = start(inside(network, "database", database()))
        environment = services.environment(directory, url, PORT) | {
            "BASE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
            "PROXY_COUNT": "1",
            "HOST": "0.0.0.0",  # noqa: S104 - of the namespace
            "PORT": str(PORT),
            "WORKERS": "1",
        }
        network.inside("web1", lambda: served.manage("migrate", environment))
        for name in WEB:
            start(inside(network, name, web(directory / f"{name}.log", environment)))
        proxy = start(inside(network, "proxy", haproxy(directory)))
        context = ssl.create_default_context(cafile=directory / "certificate.pem")
        running = Machines(network, directory, context)
        until(lambda: proxy.poll() is not None or proxy_serves(running))
        assert proxy.poll() is None, (directory / "haproxy.log").read_text()
        yield running


@contextmanager
def inside(network, name, manager):
    """Enter a context manager on a machine, and leave it there."""
    value = network.inside(name, manager.__enter__)
    try:
        yield value
    finally:
        network.inside(name, lambda: manager.__exit__(None, None, None))


@contextmanager
def database():
    """Run PostgreSQL for the whole network, and yield its URL."""
    with postgres.controlled(*postgres.SPEED_OVER_SAFETY) as server:
        server.stop()
        with (server.directory / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/24 scram-sha-256\n")
        server.start("listen_addresses=*")
        yield server.url.replace("127.0.0.1", ADDRESSES["database"])


def web(log, environment):
    command = [sys.executable, "-m", "config.server"]
    return processes.serving(command, port=PORT, environment=environment, log=log)


@contextmanager
def haproxy(directory):
    command = [programs.find("haproxy"), "-db", "-f", configuration(directory)]
    with (directory / "haproxy.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=programs.environment(), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def proxy_serves(machines):
    try:
        with machines.connected() as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    except OSError:
        return False


# --- What users see ---------------------------------------------------------------


def test_a_token_of_one_machine_is_valid_on_all(machines):
    _, _, answer = machines.ask_machine("web1", "POST", REGISTER, new_account())
    token = {"Authorization": f"Bearer {answer['access']}"}

    made = machines.ask_machine("web2", "POST", TASKS, {"title": "Milk"}, token)
    found = machines.ask_machine("web3", "GET", TASKS, headers=token)
    pair = machines.ask_machine(
        "web3",
        "POST",
        "/api/v1/auth/token/refresh",
        {"refresh": answer["refresh"]},
    )

    assert made[0] == 201
    assert [task["title"] for task in found[2]["results"]] == ["Milk"]
    assert pair[0] == 200


def test_the_proxy_uses_all_machines(machines):
    wait_until_all_serve(machines, machines.register())


def wait_until_all_serve(machines, token):
    """Ask until each machine has served: the proxy notices one late that is back."""
    before = {name: machines.served(name) for name in WEB}

    def all_have_served():
        assert machines.ask("GET", TASKS, headers=token)[0] == 200
        return all(machines.served(name) >= before[name] + 2 for name in WEB)

    until(all_have_served)


def test_a_limit_of_a_user_counts_on_all_machines(machines):
    token = machines.register()

    left = [undos_left(machines, token) for _ in range(9)]

    # One less each time, though a new minute can begin once.
    steps = [after - before for before, after in itertools.pairwise(left)]
    assert steps.count(-1) >= 7


def undos_left(machines, token):
    status, headers, _ = machines.ask("POST", "/api/v1/undo", {}, token)
    assert status == 409  # there is nothing to undo
    (left,) = re.findall(r'"undo";r=(\d+)', headers["RateLimit"])
    return int(left)


def test_guesses_count_on_all_machines_and_for_the_address_that_the_proxy_saw(machines):
    account = new_account()
    machines.ask("POST", REGISTER, account, client="other")
    guess = account | {"password": "a wrong password 1"}

    def status_of_a_guess(number):
        forged = {"X-Forwarded-For": f"192.0.2.{number}"}
        return machines.ask("POST", "/api/v1/auth/token", guess, forged)[0]

    guesses = itertools.takewhile(
        lambda status: status == 401, map(status_of_a_guess, range(30))
    )

    # Ten, though a new period can begin once. Three machines would allow thirty.
    assert 10 <= len(list(guesses)) <= 20
    # The owner, at another address, is not locked out.
    token = machines.ask("POST", "/api/v1/auth/token", account, client="other")
    assert token[0] == 200


# --- A machine is cut off ---------------------------------------------------------


def test_the_others_serve_while_a_machine_is_cut_off_and_it_is_used_again(machines):
    token = machines.register()

    with load.steady(machines, token) as outcome:
        until(lambda: len(outcome.stored) >= 5)
        machines.network.pull_cable("web1")
        began = len(outcome.statuses)
        until(lambda: is_right_again(outcome.statuses[began:]))
        machines.network.plug_in_cable("web1")
        before = machines.served("web1")
        until(lambda: machines.served("web1") > before)

    assert set(outcome.bad) <= {503}
    titles = all_titles(machines, token)
    assert set(outcome.stored) <= set(titles)
    assert len(titles) == len(set(titles))


def test_what_is_sent_to_a_machine_that_is_gone_goes_to_another(machines):
    token = machines.register()
    wait_until_all_serve(machines, token)  # the proxy keeps a connection to each

    machines.network.pull_cable("web2")
    try:
        statuses = [
            machines.ask(method, TASKS, body, token)[0]
            for _ in range(4)
            for method, body in (("POST", {"title": "Milk"}), ("GET", None))
        ]
    finally:
        machines.network.plug_in_cable("web2")

    assert statuses == [201, 200] * 4


@pytest.mark.parametrize(
    ("path", "media_type"),
    [(TASKS, "application/problem+json"), ("/accounts/login/", "text/html")],
)
def test_without_any_machine_the_proxy_says_when_to_try_again(
    machines, path, media_type
):
    for name in WEB:
        machines.network.pull_cable(name)
    try:
        with machines.connected() as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
    finally:
        for name in WEB:
            machines.network.plug_in_cable(name)

    assert response.status == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Content-Type"] == media_type
    assert media_type == "text/html" or json.loads(body)["code"] == "unavailable"
    until(lambda: proxy_serves(machines))


def is_right_again(statuses):
    """Whether many requests were sent since, and the last ones have succeeded."""
    return len(statuses) >= 100 and all(one < 300 for one in statuses[-60:])


def all_titles(machines, token):
    found, path = [], f"{TASKS}?view=all&fields=title&page_size=200"
    while path:
        status, _, page = machines.ask("GET", path, headers=token)
        assert status == 200
        found += [task["title"] for task in page["results"]]
        path = page["next"] and page["next"].partition(HOST)[2]
    return found
