"""The password hashers: Django's and Better Auth's, a few at a time.

A hash that is dear to guess is dear to compute. Sixteen sign-ins at once must neither
take sixteen times its memory nor all processors, so that others wait for both.
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
MAX_WAIT = 1.0  # seconds that a request waits for its turn

_slots = BoundedSemaphore(MAX_CONCURRENT)
_thread = local()


class TooManyHashes(Unavailable):
    """503: other passwords are being checked, and this one waited for long enough."""

    default_detail = "Too many sign-ins at once. Try again in a moment."


@contextmanager
def slot() -> Iterator[None]:
    """Wait for a turn to compute a hash. Inside another turn it costs nothing.

    Raises:
        TooManyHashes: `MAX_CONCURRENT` others took longer than `MAX_WAIT`.
    """
    if getattr(_thread, "has_slot", False):
        yield  # a hasher that verifies by hashing once more
        return
    if not _slots.acquire(timeout=MAX_WAIT):
        raise TooManyHashes(wait=1)
    _thread.has_slot = True
    try:
        yield
    finally:
        _thread.has_slot = False
        _slots.release()


class Limited:
    """Makes a hasher wait for its `slot`, whoever uses it for what."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with slot():
            encoded: str = super().encode(*args, **kwargs)  # type: ignore[misc]
            return encoded

    def verify(self, password: str, encoded: str) -> bool:
        with slot():
            return bool(super().verify(password, encoded))  # type: ignore[misc]


class Argon2PasswordHasher(Limited, hashers.Argon2PasswordHasher):
    """Argon2id with less memory than Django's: docs/security.md says how much and why.

    A hash made with other numbers stays valid and is replaced at the next sign-in.
    """

    memory_cost = 12 * 1024  # KiB
    time_cost = 6
    parallelism = 1


class PBKDF2PasswordHasher(Limited, hashers.PBKDF2PasswordHasher):
    """For hashes that were made elsewhere."""


class BetterAuthPasswordHasher(Limited, passwords.BetterAuthPasswordHasher):
    """For hashes that were imported from Better Auth."""


def return_memory_at_once() -> None:
    """Have the C library give the memory of each hash back to the system.

    glibc would raise its threshold after the first one and keep that much for each
    thread that ever hashed (mallopt(3), M_MMAP_THRESHOLD). Others do it anyway.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024)


M_MMAP_THRESHOLD = -3  # malloc.h
return_memory_at_once()
