"""System checks of the bridge: a wrong issuer stops the start, by its setting."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.better_auth.issuers import (
    InvalidIssuer,
    Issuer,
    configured_issuers,
    issuer_from,
)


@register
def check_issuers(**kwargs: Any) -> Iterator[CheckMessage]:
    """Every configured Better Auth server can be used, and none is two."""
    try:
        configured = configured_issuers()
    except InvalidIssuer as exc:
        yield Error(str(exc), id="accounts.E001")
        return
    issuers: list[Issuer] = []
    for entry in configured:
        try:
            issuers.append(issuer_from(entry.options, prefix=entry.prefix))
        except InvalidIssuer as exc:
            yield Error(str(exc), id="accounts.E002")
    yield from _check_together(issuers)


def _check_together(issuers: list[Issuer]) -> Iterator[CheckMessage]:
    for name, count in Counter(one.issuer for one in issuers).items():
        if count > 1:
            yield Error(
                f"Two Better Auth issuers have the name {name}.",
                hint="Give each server an `issuer` of its own, there and here.",
                id="accounts.E003",
            )
        if name == settings.SIMPLE_JWT["ISSUER"]:
            yield Error(
                f"The Better Auth issuer {name} has our own name, BASE_URL.",
                hint=(
                    "Set BETTER_AUTH_ISSUER, and jwt.issuer there, to another text:"
                    " tokens must tell who made them."
                ),
                id="accounts.E004",
            )
    if sum(one.sessions for one in issuers) > 1:
        yield Error(
            "Several Better Auth issuers have `sessions` on.",
            hint="Leave it on for one: a session token doesn't say whose it is.",
            id="accounts.E005",
        )
