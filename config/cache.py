"""Django's database cache, with a counter that many processes may share."""

import base64
import pickle

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction


class CountingDatabaseCache(DatabaseCache):
    """The database cache with an atomic `incr`, as Redis and Memcached have.

    Django's own reads, adds and writes back: two requests at once then count as one,
    which a rate limit must not allow.
    """

    _table: str  # set by Django, unknown to its stubs

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add `delta` to a live integer entry, leave its expiry, return the sum.

        Raises:
            ValueError: there is no such entry.
        """
        database = router.db_for_write(self.cache_model_class)
        connection = connections[database]
        table = connection.ops.quote_name(self._table)
        full_key = self.make_and_validate_key(key, version=version)
        with transaction.atomic(using=database), connection.cursor() as cursor:
            if connection.features.has_select_for_update:
                cursor.execute(
                    f"SELECT 1 FROM {table} WHERE cache_key = %s FOR UPDATE",  # noqa: S608 - the name comes from settings
                    [full_key],
                )
                # A row added since then could be read, but isn't locked.
                if cursor.fetchone() is None:
                    raise ValueError(f"Key {key!r} not found")
            # SQLite's transactions begin with the write lock already taken.
            current = self.get(key, version=version)
            if current is None:
                raise ValueError(f"Key {key!r} not found")
            total: int = current + delta
            value = base64.b64encode(pickle.dumps(total, self.pickle_protocol))
            cursor.execute(
                f"UPDATE {table} SET value = %s WHERE cache_key = %s",  # noqa: S608 - as above
                [value.decode("latin1"), full_key],
            )
        return total
