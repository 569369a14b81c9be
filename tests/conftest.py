"""Fixtures that every test may use. The plumbing below them is in `tests/plugins`."""

pytest_plugins = [
    "tests.plugins.browser",
    "tests.plugins.database",
    "tests.plugins.summary",
]
