"""The subjects by which the page and the API filter security events."""

from django.db.models import Q, QuerySet

from accounts.models import SecurityEvent

Kind = SecurityEvent.Kind

FILTERS: dict[str, tuple[str, set[Kind]]] = {
    "sign-ins": (
        "Sign-ins",
        {Kind.SIGNED_UP, Kind.SIGNED_IN, Kind.SIGNED_OUT, Kind.SIGNED_OUT_EVERYWHERE},
    ),
    "attempts": (
        "Failed attempts",
        {Kind.SIGN_IN_FAILED, Kind.FACTOR_FAILED, Kind.RESET_REQUESTED},
    ),
    "access": (
        "Passwords, second step and tokens",
        {
            Kind.PASSWORD_CHANGED,
            Kind.EMAIL_CHANGED,
            Kind.TOKEN_REUSED,
            Kind.IDENTITY_LINKED,
            Kind.IDENTITY_UNLINKED,
            Kind.IDENTITY_KEPT,
            Kind.IDENTITY_TRUSTED,
            Kind.IDENTITY_DISTRUSTED,
            Kind.FACTOR_ADDED,
            Kind.FACTOR_REMOVED,
            Kind.CODES_CREATED,
            Kind.CODE_USED,
            Kind.BROWSER_TRUSTED,
            Kind.TOKEN_CREATED,
            Kind.TOKEN_NARROWED,
            Kind.CREDENTIAL_ENDED,
        },
    ),
    "account": (
        "Exports and the account",
        {
            Kind.EXPORTED,
            Kind.DEACTIVATED,
            Kind.REACTIVATED,
            Kind.DELETION_REQUESTED,
            Kind.DELETION_CANCELLED,
            Kind.STAFF_CHANGED,
        },
    ),
    "support": (
        "Support",
        {Kind.SUPPORT_GRANTED, Kind.SUPPORT_LOOKED, Kind.SUPPORT_ENDED},
    ),
}


def filtered(events: QuerySet[SecurityEvent], name: str) -> QuerySet[SecurityEvent]:
    """Return the events of a filter; to support belongs all that staff did."""
    kinds = Q(kind__in=FILTERS[name][1])
    return events.filter(kinds | ~Q(by_digest="") if name == "support" else kinds)
