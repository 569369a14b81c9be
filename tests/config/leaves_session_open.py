"""A test that leaves a database session open. `test_postgresql` runs it."""

import threading

from django.db import connection

from tests.patience import PATIENCE


def test_leaves_a_session_open(transactional_db):
    is_open = threading.Event()

    def hold():
        connection.ensure_connection()
        is_open.set()
        threading.Event().wait()

    threading.Thread(target=hold, daemon=True).start()

    assert is_open.wait(PATIENCE)
