"""Coverage is measured where a line can be seen to run for the first time.

The long tables run the same code thousands of times, and measuring makes each time half
as long again. They are marked `unmeasured`, as is every test in the browser.
"""

import coverage
import pytest


def pytest_configure(config):
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "unmeasured: coverage pauses; for long tables of requests whose code other"
        " tests run, and added to every test in the browser",
    )


def pytest_itemcollected(item):
    """Mark the tests that use the browser."""
    if "browser" in item.fixturenames:
        item.add_marker("unmeasured")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Pause the measurement of this process, if there is one."""
    measurement = coverage.Coverage.current()
    if measurement is None or not item.get_closest_marker("unmeasured"):
        return (yield)
    measurement.stop()
    try:
        return (yield)
    finally:
        measurement.start()
