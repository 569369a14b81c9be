"""System checks of the Better Auth issuers: a wrong setting prevents the start."""

from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.better_auth.issuers import (
    InvalidIssuer,
    Issuer,
    configured_issuers,
    issuer_from,
)


@register
def check_issuers(**kwargs: object) -> Iterator[CheckMessage]:
    """Check every configured Better Auth issuer, and that they don't conflict."""
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
                f"Two Better Auth issuers have the same name: {name}.",
                hint="Give each server its own `issuer`, there and here.",
                id="accounts.E003",
            )
        if name == settings.SIMPLE_JWT["ISSUER"]:
            yield Error(
                f"The Better Auth issuer {name} has the name of this service,"
                " BASE_URL.",
                hint=(
                    "Set BETTER_AUTH_ISSUER here and jwt.issuer there to another value,"
                    " so that tokens show who issued them."
                ),
                id="accounts.E004",
            )
    if sum(one.sessions for one in issuers) > 1:
        yield Error(
            "Several Better Auth issuers have `sessions` enabled.",
            hint="Enable it for one only: a session token doesn't name its issuer.",
            id="accounts.E005",
        )
