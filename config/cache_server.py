"""Redis as the cache. No more than one thread waits for it while it fails.

Sign-ins are counted there, and anyone may try to sign in. If Redis were frozen, and
each of them waited for its time limit, they would soon hold all threads.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError, RedisError, TimeoutError

PAUSE = 1.0  # seconds after a failure, then one thread tries again

Failure = tuple[type[RedisError], tuple[Any, ...]]


class Guard:
    """Whether the cache server may be asked. `clock` is monotonic, in seconds."""

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


def _guarded(name: str) -> Callable[..., Any]:
    method = getattr(RedisCache, name)

    @wraps(method)
    def call(self: "GuardedRedis", *args: Any, **kwargs: Any) -> Any:
        with self.guard.call():
            return method(self, *args, **kwargs)

    return call


class GuardedRedis(RedisCache):
    """Django's cache for Redis, behind a guard that all threads share."""

    guard = Guard()


# All that ask the server.
METHODS = (
    *("add", "clear", "delete", "delete_many", "get", "get_many"),
    *("has_key", "incr", "set", "set_many", "touch"),
)
for _name in METHODS:
    setattr(GuardedRedis, _name, _guarded(_name))
