"""Browsers in which the user needn't repeat the second step for some days.

A signed cookie holds a secret for each account that trusts the browser, and a row of
`TrustedBrowser` the digest of each. The trust ends when its user ends it, and when the
factors or the credentials of the user change: then the rows are deleted, and one that
was stored at that moment has another fingerprint.
"""

import secrets
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from accounts import events, factors
from accounts.devices import client_of
from accounts.models import SecurityEvent, TrustedBrowser, User
from config.cookies import SignedCookie

SALT = "accounts.trusted_browsers"
MAX_ACCOUNTS = 5  # in one browser; older ones are dropped
MAX_BROWSERS = 50  # of one user; older ones end
COOKIE = SignedCookie(
    "TRUSTED_COOKIE_NAME",
    salt=SALT,
    max_age=int(settings.TRUSTED_BROWSER_AGE.total_seconds()),
    max_length=500,
)


def live(user: User, *, at: datetime) -> QuerySet[TrustedBrowser]:
    """Return the browsers that the user trusts."""
    mine = TrustedBrowser.objects.filter(user=user)
    return mine.filter(fingerprint=fingerprint_of(user), expires_at__gt=at)


def is_trusted(request: HttpRequest, user: User, *, at: datetime) -> bool:
    """Tell whether the user trusts this browser, and record that it was used."""
    digests = _digests(request)
    if not digests:
        return False
    client = client_of(request)
    mine = live(user, at=at).filter(digest__in=digests)
    used = mine.update(last_used_at=at, device=client.device, network=client.network)
    return bool(used)


@transaction.atomic
def trust(
    request: HttpRequest,
    response: HttpResponseBase,
    user: User,
    *,
    fingerprint: str,
    at: datetime,
) -> None:
    """Let the browser skip the second step of this user from now on.

    `fingerprint` is of the moment before the second step: a factor that was removed
    since then gives no trust.
    """
    others = TrustedBrowser.objects.filter(digest__in=_digests(request))
    others = others.exclude(user=user)
    known = set(others.values_list("digest", flat=True))
    kept = [secret for secret in _secrets(request) if _digest(secret) in known]
    mine = TrustedBrowser.objects.filter(user=user)
    mine.filter(digest__in=_digests(request)).delete()  # replaced by the new one
    secret, client = secrets.token_urlsafe(24), client_of(request)
    TrustedBrowser.objects.create(
        user=user,
        digest=_digest(secret),
        fingerprint=fingerprint,
        created_at=at,
        expires_at=at + settings.TRUSTED_BROWSER_AGE,
        device=client.device,
        network=client.network,
    )
    newest = mine.order_by("-created_at", "-pk").values_list("pk", flat=True)
    mine.filter(pk__in=list(newest[MAX_BROWSERS:])).delete()
    events.record(user, SecurityEvent.Kind.BROWSER_TRUSTED, at=at, about=client.device)
    COOKIE.write(response, ".".join([secret, *kept[: MAX_ACCOUNTS - 1]]))


def _secrets(request: HttpRequest) -> list[str]:
    """Return the secrets in the cookie of the browser, the latest first."""
    return list(filter(None, COOKIE.read(request).split(".")))[:MAX_ACCOUNTS]


def _digests(request: HttpRequest) -> list[str]:
    return [_digest(secret) for secret in _secrets(request)]


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def fingerprint_of(user: User) -> str:
    """Return what changes with the factors and the credential epoch of the user."""
    return salted_hmac(SALT, factors.fingerprint(user), algorithm="sha256").hexdigest()
