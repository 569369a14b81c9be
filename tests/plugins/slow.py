"""Tests that `make check` leaves out, so that it is done within three minutes."""

# Fixtures that start a server or a browser.
STARTS_A_PROGRAM = {
    "better_auth",
    "better_auth_host",
    "browser",
    "live_server",
    "server",
    "start_better_auth",
}


def pytest_configure(config):
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "slow: left out of `make check`; set by hand on a module of many or long tests,"
        " and added to every test that starts a server or a browser",
    )


def pytest_itemcollected(item):
    """Mark the tests that start a server or a browser."""
    if STARTS_A_PROGRAM.intersection(item.fixturenames):
        item.add_marker("slow")
