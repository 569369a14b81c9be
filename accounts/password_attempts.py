"""Limits on wrong passwords, counted for pages and API together.

A wrong password at sign-in counts for the account at the network address it came from,
and for the account as a whole, which has a much higher limit. So an attacker reaches
their own limit long before they lock out the owner. Attempts from a browser with a
device cookie, and attempts of a user who is already signed in, are counted apart:
nobody else can use those up.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import Throttled

from accounts import events
from accounts.device_cookies import device_id
from accounts.models import SecurityEvent, User
from config.api.throttling import Reading, count_request, take_request_back
from config.client_address import address_key


@dataclass(slots=True)
class Attempt:
    """One attempt. It stays counted if it `failed`."""

    failed: bool = False


@contextmanager
def sign_in_attempt(
    request: HttpRequest, email: str, *, readings: list[Reading] | None = None
) -> Iterator[Attempt]:
    """Count an attempt to sign in to the account of `email`, which is in lower case.

    The caller compares the password, and sets `failed` if it is wrong. The state of
    the limits is appended to `readings`.

    Raises:
        rest_framework.exceptions.Throttled: there were too many wrong ones before.
    """
    device = device_id(request, email)
    if device is not None:
        callers = [("sign-in", f"{email} browser {device}")]
    else:
        # In this order: whoever is over the limit of their address uses up no more of
        # the limit that all addresses share.
        callers = [
            ("sign-in", f"{email} address {address_key(request)}"),
            ("sign-in-account", email),
        ]
    with _counted(callers, readings) as attempt:
        yield attempt
        if attempt.failed:
            kind = SecurityEvent.Kind.SIGN_IN_FAILED
            events.record_attempt(email, kind, at=timezone.now())


def check_password(
    user: User,
    password: str,
    *,
    session: str,
    readings: list[Reading] | None = None,
) -> bool:
    """Tell whether the signed-in user knows the password.

    `session` tells one sign-in of the user from another.

    Raises:
        rest_framework.exceptions.Throttled: as `sign_in_attempt` does.
    """
    # Correct passwords count here as well: each costs a hash.
    _count("password-checks", str(user.pk), readings, now=time.time())
    callers = [
        ("password", f"{user.pk} {session}"),
        ("password-account", str(user.pk)),
    ]
    with _counted(callers, readings) as attempt:
        attempt.failed = not user.check_password(password)
        if attempt.failed and user.email is not None:
            kind = SecurityEvent.Kind.SIGN_IN_FAILED
            events.record_attempt(user.email, kind, at=timezone.now())
    return not attempt.failed


@contextmanager
def second_step_attempt(
    request: HttpRequest,
    user: User,
    *,
    is_code: bool = True,
    readings: list[Reading] | None = None,
) -> Iterator[Attempt]:
    """Count an attempt at the second step of a sign-in, as one at the first is counted.

    Whoever tries knows the password. They can't use up the attempts of a browser that
    signed in before, or of an open session. `is_code` is false for a passkey: that
    can't be guessed, so the limit that all addresses share doesn't apply to it.

    Raises:
        rest_framework.exceptions.Throttled: as `sign_in_attempt` does.
    """
    device = device_id(request, user.email) if user.email else None
    if device is not None:
        callers = [("second-step", f"{user.pk} browser {device}")]
    else:
        callers = [("second-step", f"{user.pk} address {address_key(request)}")]
        if is_code:
            callers.append(("second-step-account", str(user.pk)))
    with _counted(callers, readings) as attempt:
        yield attempt


@contextmanager
def code_attempt(user: User, *, session: str) -> Iterator[Attempt]:
    """Count an attempt of a signed-in user to enter a code like one at the password.

    `session` tells one sign-in of the user from another.

    Raises:
        rest_framework.exceptions.Throttled: as `sign_in_attempt` does.
    """
    callers = [
        ("password", f"{user.pk} {session}"),
        ("password-account", str(user.pk)),
    ]
    with _counted(callers, None) as attempt:
        yield attempt


@contextmanager
def _counted(
    callers: list[tuple[str, str]], readings: list[Reading] | None
) -> Iterator[Attempt]:
    # Counted before the comparison, so that concurrent attempts all count.
    now = time.time()
    attempt = Attempt()
    for scope, caller in callers:
        _count(scope, caller, readings, now=now)
    try:
        yield attempt
    finally:
        if not attempt.failed:
            for scope, caller in callers:
                take_request_back(scope, caller, now=now)


def _count(
    scope: str, caller: str, readings: list[Reading] | None, *, now: float
) -> None:
    reading = count_request(scope, caller, now=now)
    if readings is not None:
        readings.append(reading)
    if reading.wait is not None:
        raise Throttled(wait=reading.wait)
