"""Whose request it is, for the limit on what one caller runs at once.

A request brings a credential that nobody has verified yet. Once the application has
found its user, all credentials of this user count together. The first request of a
credential counts for its user from that moment, and is refused if the user has enough
others running: new tokens are easy to get. The values are hashes, so this keeps no
credential in memory.
"""

import re
import threading
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from http import cookies
from typing import TYPE_CHECKING
from urllib.parse import unquote

from django.conf import settings

from config.api.problems import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The key in the WSGI environment with the credentials of a request.
CREDENTIALS = "ownlist.credentials"
# The key with the function that decides whether a request of this user may go on.
ADMISSION = "ownlist.admission"
# Cookies of Better Auth, as in `accounts.better_auth.sessions`.
COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")
USERS_MAX = 20_000  # credentials whose user is remembered

_users: dict[Hashable, Hashable] = {}
_lock = threading.Lock()


def credentials_in(environ: "WSGIEnvironment") -> tuple[Hashable, ...]:
    """Return the credentials that a request brings, in whatever way they are spelled.

    An API call with an Authorization header is authenticated by that alone, and all
    other requests by cookies.
    """
    fields = environ.get("HTTP_AUTHORIZATION", "").split()
    if fields and environ["PATH_INFO"].startswith("/api/"):
        return (_credential(fields[-1]),)
    if header := environ.get("HTTP_COOKIE"):
        if value := _plain_session(header):
            return (hash(value),)
        return tuple(map(_credential, _session_cookies(header)))
    return ()


def _plain_session(header: str) -> str:
    """Return the value of the only session cookie, in the spelling of all browsers.

    Returns an empty string if there may be others. It takes a fifth of the time.
    """
    before, name, after = header.partition(settings.SESSION_COOKIE_NAME + "=")
    if name and (not before or before[-2:] == "; "):
        value, _, rest = after.partition(";")
        is_only = settings.SESSION_COOKIE_NAME not in rest
        if is_only and value.isalnum() and "session_token" not in header:
            return value
    return ""


def _credential(value: str) -> int:
    """Return a hash of a token without its signature, which has many spellings.

    Decoders of base64 skip other characters.
    """
    return hash(value.rpartition(".")[0] or value)


def _session_cookies(header: str) -> Iterator[str]:
    """Yield the values of the cookies that can sign in, as Django reads them."""
    own = settings.SESSION_COOKIE_NAME
    found = dict(_pattern(own).findall(header))  # the last of each name
    for name in (own, *COOKIES) if len(found) > 1 else found:
        if value := found.get(name, "").strip():
            yield unquote(cookies._unquote(value))


@cache
def _pattern(own: str) -> re.Pattern[str]:
    names = "|".join(map(re.escape, (own, *COOKIES)))
    return re.compile(rf"(?:^|;)\s*({names})\s*=([^;]*)")


def caller_of(credentials: tuple[Hashable, ...]) -> Hashable:
    """Return the user of these credentials, the first of them if none is known yet.

    Returns an empty string if there is none.
    """
    for credential in credentials:
        if user := _users.get(credential):
            return user
    return credentials[0] if credentials else ""


def remember_user(environ: "WSGIEnvironment", user: Hashable) -> None:
    """Remember whose credentials a request brings. Only authentication calls this.

    All of them, because one of several could be different in each request.

    Raises:
        Unavailable: the user has as many requests running as one caller may.
    """
    for credential in environ.get(CREDENTIALS, ()):
        if _users.get(credential) != user:
            with _lock:
                _users[credential] = user
                if len(_users) > USERS_MAX:
                    del _users[next(iter(_users))]
    admit: Callable[[Hashable], bool] | None = environ.get(ADMISSION)
    if admit is not None and not admit(user):
        raise Unavailable()
