"""Redis as the cache. No more than one thread waits for a server of it while it fails.

Sign-ins are counted there, and anyone may try to sign in. If Redis were frozen, and
each of them waited for its time limit, they would soon hold all threads.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import ConnectionPool, Redis
from redis.client import Pipeline
from redis.exceptions import (
    ConnectionError,
    MaxConnectionsError,
    RedisError,
    TimeoutError,
)

PAUSE = 1.0  # seconds after a failure, then one thread tries again

Failure = tuple[type[RedisError], tuple[Any, ...]]


class Guard:
    """Whether a server may be asked. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failure: Failure | None = None
        self._again_at = 0.0
        self._trial = threading.Lock()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Guard a call to the server in the block.

        Raises:
            RedisError: the error of the last call again, if another thread is trying,
                or that was a moment ago.
        """
        failure = self._failure
        if failure is not None:
            is_too_soon = self._clock() < self._again_at
            if is_too_soon or not self._trial.acquire(blocking=False):
                kind, arguments = failure
                raise kind(*arguments)
        try:
            yield
        except MaxConnectionsError:
            raise  # our own limit: the server was not asked
        except (ConnectionError, TimeoutError) as exc:
            self._again_at = self._clock() + PAUSE
            self._failure = type(exc), exc.args
            raise
        except BaseException:
            self._failure = None  # it answered
            raise
        else:
            self._failure = None
        finally:
            if failure is not None:
                self._trial.release()


# Of each server, by its address. Each thread has its own connections.
guards: dict[tuple[Any, ...], Guard] = {}


def guard_of(pool: ConnectionPool) -> Guard:
    """Return the guard of the server of these connections, which all threads share."""
    address = (pool.connection_kwargs.get(part) for part in ("host", "port", "path"))
    return guards.setdefault(tuple(address), Guard())


class GuardedClient(Redis):
    """Asks a server behind its guard."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        with guard_of(self.connection_pool).call():
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return GuardedPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )


class GuardedPipeline(Pipeline):
    """Asks a server behind its guard, for several commands at once."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with guard_of(self.connection_pool).call():
            return super().execute(raise_on_error)


class _Servers(RedisCacheClient):
    """The servers of `CACHE_URL`: the first is written to, and the others are read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._client = GuardedClient


class GuardedRedis(RedisCache):
    """Django's cache for Redis, each server behind a guard that all threads share."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Servers
