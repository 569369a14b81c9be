"""One running server for each module of these tests."""

import pytest

from tests import served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Ownlist in one process, as `make run` starts it."""
    with served.serving(tmp_path_factory.mktemp("served")) as running:
        yield running
