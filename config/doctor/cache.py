"""A check of the cache, which all processes share."""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.core.cache import cache

from config.doctor.findings import Finding, error, ok
from config.setting_urls import UNUSABLE_CACHE, cache_settings


def check_cache() -> Iterator[Finding]:
    """Store a value, read it and delete it."""
    if cache_settings(settings.CACHE_URL) == UNUSABLE_CACHE:
        yield error("CACHE_URL is not a valid URL.", "See the finding of the settings.")
        return
    kind = "table of the database" if settings.IS_CACHE_A_TABLE else "cache server"
    key, value = f"doctor-{secrets.token_hex(8)}", secrets.token_hex(8)
    try:
        cache.set(key, value, timeout=60)
        found = cache.get(key)
        cache.delete(key)
    except Exception as exc:  # noqa: BLE001 - each kind of cache has its own errors
        yield error(
            f"The cache, a {kind}, can't be used ({type(exc).__name__}).",
            "Run manage.py migrate, which makes the table."
            if settings.IS_CACHE_A_TABLE
            else "Start the server that CACHE_URL names, or correct CACHE_URL.",
        )
        return
    if found == value:
        yield ok(f"The cache, a {kind}, keeps what it is given.")
    else:
        yield error(
            f"The cache, a {kind}, forgot a value at once.",
            "Give it more memory, or a database of its own.",
        )
