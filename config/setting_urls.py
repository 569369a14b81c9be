"""The URLs among the settings, read so that no error quotes one: they hold passwords.

A URL that can't be read gives settings with which nothing works. A check in
`config.checks` stops the start with a message that names the setting.
"""

from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ

NO_HOST = "email-url.invalid"  # is never found (RFC 6761, section 6.4)
UNUSABLE_MAIL = {"EMAIL_BACKEND": "config.mails.SMTPBackend", "EMAIL_HOST": NO_HOST}
# A cache server that is frozen may hold a thread no longer than this. The query of its
# URL can change it. Older versions of redis-py would wait without end.
CACHE_LIMITS = {"socket_connect_timeout": 1, "socket_timeout": 1}  # seconds
UNUSABLE_CACHE = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}


def email_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for the mail server at `url`."""
    try:
        if is_cut_short(url):
            return UNUSABLE_MAIL
        return dict(environ.Env.email_url_config(url))
    except Exception:  # noqa: BLE001 - the parser raises many types
        return UNUSABLE_MAIL


def cache_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for the cache at `url`, which may name several hosts."""
    try:
        if is_cut_short(url):
            return UNUSABLE_CACHE
        parts = urlsplit(url)
        for place in parts.netloc.split(","):
            _ = urlsplit(f"{parts.scheme}://{place}").port  # raises ValueError
        settings: dict[str, Any] = environ.Env.cache_url_config(url)
        if settings.get("BACKEND", "").endswith(".RedisCache"):
            settings["BACKEND"] = "config.cache_server.GuardedRedis"
            settings["OPTIONS"] = CACHE_LIMITS | settings.get("OPTIONS", {})
        return settings or UNUSABLE_CACHE
    except Exception:  # noqa: BLE001 - the parser raises many types
        return UNUSABLE_CACHE


def is_cut_short(url: str) -> bool:
    """Whether a `/`, `?` or `#` in the password ends the host of `url` too early.

    Then the real host comes later, after an `@`. In the query an `@` is fine if there
    is another before the host.

    Raises:
        ValueError: `url` is not a URL at all.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        return False
    return "@" in f"{parts.path}{parts.fragment}" or (
        "@" in parts.query and "@" not in parts.netloc
    )


def parts_of(url: str) -> SplitResult:
    """Return the parts of `url`, all of them empty if it is not a URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
