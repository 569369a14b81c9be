"""The environment of a process that a test starts."""

import os

from django.db import connection


def environment_of_tests():
    """Return the environment of a process on the database of the tests."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{chosen['NAME']}"
    else:
        place = f"{chosen['HOST'] or 'localhost'}:{chosen['PORT'] or 5432}"
        credentials = f"{chosen['USER']}:{chosen['PASSWORD']}"
        url = f"postgres://{credentials}@{place}/{chosen['NAME']}"
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TEST_DATABASE_URL": url,
    }
