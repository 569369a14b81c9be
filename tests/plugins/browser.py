"""The Chromium of the browser tests, for pytest-playwright's fixtures."""

import os

import pytest
from playwright.sync_api import expect

from tests import chromium
from tests.patience import PATIENCE

# Playwright keeps an event loop running in the thread of the tests, and Django
# refuses the ORM where it sees one. Only the tests' own thread is concerned.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Nothing that would call home, and no sandbox where it can't work: under root.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# An expectation would otherwise fail after five seconds.
PATIENCE_MS = PATIENCE * 1000

# A message is hidden after seconds, and so long a key waits for the one that follows. A
# busy machine may not reach the buttons of the message, or the next key, in that time.
PATIENT_PAGE = """{
  const { setTimeout: later } = window;
  window.setTimeout = (call, delay, ...more) =>
    later(call, delay < 1_000 ? delay : 100 * delay, ...more);
}"""

expect.set_options(timeout=PATIENCE_MS)


def pytest_configure(config):
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "browser: uses Chromium; added to every test that asks for it or for a page of"
        " it. `make test` runs these on SQLite only, because no page depends on the"
        " database.",
    )


def pytest_itemcollected(item):
    """Mark the tests that use the browser."""
    if "browser" in item.fixturenames:  # on which its pages depend
        item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Launch the Chromium that `tests.chromium` finds."""
    path = chromium.find()
    if not path:
        pytest.fail(chromium.HELP)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return browser_type_launch_args | {
        "executable_path": path,
        "timeout": PATIENCE_MS,
        "args": [*browser_type_launch_args.get("args", []), *QUIET, *sandbox],
    }


@pytest.fixture
def new_context(new_context):
    """Make browser contexts that wait as long as other tests do."""

    def patient(**options):
        context = new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(PATIENT_PAGE)
        return context

    return patient
