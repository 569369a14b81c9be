"""Fixtures for tests in a real browser."""

import pytest

from tests.browser.registry import Visit
from tests.browser.watching import Watch


@pytest.fixture
def signed_in(new_context, live_server, alice):
    """Open a page as Alice, and fail the test on what a page must never do."""
    watches = []

    def open_page(**options):
        page = new_context(base_url=live_server.url, **options).new_page()
        # A form that is refused is a result, not a fault.
        watches.append(Watch(page, site=live_server.url, allowed=(409, 422)))
        Visit(page, live_server.url).sign_in(alice)
        return page

    yield open_page

    assert [each for watch in watches for each in watch.complaints] == []
