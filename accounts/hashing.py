"""The password hashers: Django's and Better Auth's, with limited concurrency.

A hash that is expensive to guess is expensive to compute. Sixteen concurrent sign-ins
must not take sixteen times its memory, nor all processors.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, local
from typing import Any

from django.contrib.auth import hashers

from accounts.better_auth import passwords
from config.api.problems import Unavailable

MAX_CONCURRENT = 2  # in one process
MAX_WAIT = 1.0  # seconds that a request waits for a slot

_slots = BoundedSemaphore(MAX_CONCURRENT)
_thread = local()


class TooManyHashes(Unavailable):
    """503: the request waited too long while other passwords were hashed."""

    default_detail = "Too many sign-ins at once. Try again in a moment."


@contextmanager
def slot() -> Iterator[None]:
    """Wait for a slot to compute a hash; a thread that has one gets no second one.

    Raises:
        TooManyHashes: `MAX_CONCURRENT` others took longer than `MAX_WAIT`.
    """
    if getattr(_thread, "has_slot", False):
        yield  # a hasher that verifies by hashing again
        return
    if not _slots.acquire(timeout=MAX_WAIT):
        raise TooManyHashes(wait=1)
    _thread.has_slot = True
    try:
        yield
    finally:
        _thread.has_slot = False
        _slots.release()


class Limited(hashers.BasePasswordHasher):
    """Makes a hasher wait for a `slot` to encode or verify."""

    def encode(self, password: str, salt: str, *args: Any, **kwargs: Any) -> str:
        with slot():
            return super().encode(password, salt, *args, **kwargs)

    def verify(self, password: str, encoded: str) -> bool:
        with slot():
            return super().verify(password, encoded)


class Argon2PasswordHasher(Limited, hashers.Argon2PasswordHasher):
    """Argon2id with less memory than Django's; docs/security.md explains the numbers.

    A hash made with other parameters stays valid and is replaced at the next sign-in.
    """

    memory_cost = 12 * 1024  # KiB
    time_cost = 6
    parallelism = 1


class PBKDF2PasswordHasher(Limited, hashers.PBKDF2PasswordHasher):
    """For hashes that were created by other software."""


class BetterAuthPasswordHasher(Limited, passwords.BetterAuthPasswordHasher):
    """For hashes that were imported from Better Auth."""


def return_memory_at_once() -> None:
    """Make the C library return the memory of each hash to the system.

    glibc would raise its threshold after the first hash and keep that much memory for
    each thread that ever hashed (mallopt(3), M_MMAP_THRESHOLD). Other libraries return
    it by default.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024)


M_MMAP_THRESHOLD = -3  # malloc.h
return_memory_at_once()
