"""One running server for these tests."""

import pytest

from tests import served


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Ownlist in one process, as `make run` starts it."""
    with served.serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def token(server):
    """The header of a token of a new account there."""
    return server.register()
