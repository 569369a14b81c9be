"""When each kind of credential ends: the table that `docs/security.md` shows.

A row for each kind of credential, and of link that would become one; a column for each
event. `test_credential_endings.py` tests every cell.
"""

ENDS = "ends"
OTHERS = "others end"  # all except the one that was used for it
THIS = "this ends"  # only the one that was used for it
EXPIRES = "5 minutes"  # it can't be refreshed any more
STAYS = "stays"

EVENTS = (
    "password changed",
    "password reset",
    "address changed",
    "signed out everywhere",
    "deactivated",
    "reactivated",
    "deletion requested",
    "sign-in disconnected",
    "sign-out on the pages",
    "`auth/logout`",
)
_BY_SUPPORT_OR_FOR_GOOD = (ENDS,) * 4  # signed out everywhere to deletion requested

ENDINGS: dict[str, tuple[str, ...]] = {
    name: (*changes, *_BY_SUPPORT_OR_FOR_GOOD, *rest)
    for name, changes, rest in (
        # password changed, reset, address changed; disconnected, signed out twice
        ("browser session, by password", (OTHERS, ENDS, OTHERS), (STAYS, THIS, STAYS)),
        (
            "browser session, by OpenID Connect",
            (OTHERS, ENDS, OTHERS),
            (ENDS, THIS, STAYS),
        ),
        ("Better Auth cookie", (ENDS, ENDS, ENDS), (ENDS, THIS, STAYS)),
        ("Better Auth session token", (ENDS, ENDS, ENDS), (ENDS, STAYS, STAYS)),
        ("Better Auth JWT", (ENDS, ENDS, ENDS), (ENDS, STAYS, STAYS)),
        ("access token", (ENDS, ENDS, ENDS), (STAYS, STAYS, EXPIRES)),
        ("refresh token", (OTHERS, ENDS, ENDS), (STAYS, STAYS, THIS)),
        ("access token, exchanged", (ENDS, ENDS, ENDS), (EXPIRES, STAYS, EXPIRES)),
        ("refresh token, exchanged", (OTHERS, ENDS, ENDS), (ENDS, STAYS, THIS)),
        ("personal access token", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS)),
        ("OpenID Connect sign-in under way", (ENDS, ENDS, ENDS), (ENDS, STAYS, STAYS)),
        ("link to change the address", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS)),
        ("link to confirm the address", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS)),
        ("link to reset the password", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS)),
        ("view for support staff", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS)),
    )
}


def as_markdown() -> str:
    """Return the table as the document shows it."""
    head = ["", *EVENTS]
    rows = [head, ["---"] * len(head), *([kind, *row] for kind, row in ENDINGS.items())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("|  |", "| |")
