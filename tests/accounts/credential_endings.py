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
    "ended in the credential centre",
    "everything else ended there",
)
_BY_SUPPORT_OR_FOR_GOOD = (ENDS,) * 4  # signed out everywhere to deletion requested

ENDINGS: dict[str, tuple[str, ...]] = {
    name: (*changes, *_BY_SUPPORT_OR_FOR_GOOD, *rest)
    for name, changes, rest in (
        # password changed, reset, address changed; then the five that follow deletion
        (
            "browser session, by password",
            (OTHERS, ENDS, OTHERS),
            (STAYS, THIS, STAYS, THIS, OTHERS),
        ),
        (
            "browser session, by OpenID Connect",
            (OTHERS, ENDS, OTHERS),
            (ENDS, THIS, STAYS, THIS, OTHERS),
        ),
        ("Better Auth cookie", (ENDS, ENDS, ENDS), (ENDS, THIS, STAYS, ENDS, ENDS)),
        (
            "Better Auth session token",
            (ENDS, ENDS, ENDS),
            (ENDS, STAYS, STAYS, ENDS, ENDS),
        ),
        ("Better Auth JWT", (ENDS, ENDS, ENDS), (ENDS, STAYS, STAYS, ENDS, ENDS)),
        ("access token", (ENDS, ENDS, ENDS), (STAYS, STAYS, EXPIRES, EXPIRES, ENDS)),
        ("refresh token", (OTHERS, ENDS, ENDS), (STAYS, STAYS, THIS, THIS, OTHERS)),
        (
            "access token, exchanged",
            (ENDS, ENDS, ENDS),
            (EXPIRES, STAYS, EXPIRES, EXPIRES, ENDS),
        ),
        (
            "refresh token, exchanged",
            (OTHERS, ENDS, ENDS),
            (ENDS, STAYS, THIS, THIS, OTHERS),
        ),
        (
            "personal access token",
            (ENDS, ENDS, ENDS),
            (STAYS, STAYS, STAYS, THIS, ENDS),
        ),
        ("trusted browser", (ENDS, ENDS, ENDS), (STAYS, STAYS, STAYS, THIS, ENDS)),
        (
            "OpenID Connect sign-in under way",
            (ENDS, ENDS, ENDS),
            (ENDS, STAYS, STAYS, ENDS, ENDS),
        ),
        (
            "link to change the address",
            (ENDS, ENDS, ENDS),
            (STAYS, STAYS, STAYS, ENDS, ENDS),
        ),
        (
            "link to confirm the address",
            (ENDS, ENDS, ENDS),
            (STAYS, STAYS, STAYS, STAYS, ENDS),
        ),
        (
            "link to reset the password",
            (ENDS, ENDS, ENDS),
            (STAYS, STAYS, STAYS, STAYS, ENDS),
        ),
        (
            "view for support staff",
            (ENDS, ENDS, ENDS),
            (STAYS, STAYS, STAYS, STAYS, ENDS),
        ),
    )
}


def as_markdown() -> str:
    """Return the table as the document shows it."""
    head = ["", *EVENTS]
    rows = [head, ["---"] * len(head), *([kind, *row] for kind, row in ENDINGS.items())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows).replace("|  |", "| |")
