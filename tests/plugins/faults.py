"""Tests that cause faults of real parts, each of which takes ten seconds and more."""


def pytest_configure(config):
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "faults: breaks real parts under load; only `make faults` runs these",
    )
