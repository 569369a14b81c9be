"""The services that the faults happen to, and the record of what happened."""

import os
from functools import partial
from pathlib import Path

import pytest

from tests import postgres, served
from tests.benchmarks import figures, services
from tests.deploy.instances import Instances
from tests.faults import document, drill

# `make faults` names it; other runs record nothing.
FIGURES = "OWNLIST_FAULTS"
PLAIN = {"BASE_URL": "http://127.0.0.1", "PROXY_COUNT": "0"}  # without a proxy
happened = pytest.StashKey[dict]()


def pytest_configure(config):
    """Begin with an empty record."""
    config.stash[happened] = {}


def pytest_terminal_summary(terminalreporter, config):
    """Print the table of the faults of this run."""
    found = config.stash.get(happened, {})
    if found:
        terminalreporter.section("faults")
        terminalreporter.line(document.table(found))


@pytest.fixture
def fault(request):
    """Run a drill on instances: `with fault("…", instances) as load:`."""

    def record(outcome):
        part = request.module.PART
        key = f"{part}: {outcome['fault']}"
        request.config.stash.setdefault(happened, {})[key] = outcome
        if file := os.environ.get(FIGURES):
            figures.add_to(Path(file), key, outcome)

    def run(name, instances, **expected):
        return drill.drill(name, instances.ports, record, **expected)

    return run


@pytest.fixture(scope="module")
def postgresql():
    """A durable PostgreSQL for the tests of one module."""
    with postgres.controlled() as server:
        yield server


@pytest.fixture(scope="module")
def prepared(postgresql, tmp_path_factory):
    """The addresses of a migrated database there, for a role that owns nothing."""
    directory = tmp_path_factory.mktemp("prepared")
    (directory / "uploads").mkdir()
    owner = postgres.owned(postgresql.url)
    settings = {"DJANGO_SETTINGS_MODULE": "tests.served_settings"}
    environment = services.environment(directory, owner, 0) | settings
    served.manage("migrate", environment)
    url = services.as_service(environment)["DATABASE_URL"]
    return {"DATABASE_URL": url, "MIGRATION_DATABASE_URL": owner}


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Make instances, by default one with two workers on SQLite."""
    return partial(_instances, tmp_path_factory)


def _instances(directories, *, count=1, workers=2, **environ):
    chosen = PLAIN | {"WORKERS": str(workers)} | environ
    return Instances(directories.mktemp("instances"), count=count, **chosen)
