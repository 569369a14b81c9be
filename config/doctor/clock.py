"""How far a clock may be from that of this machine."""

from config.doctor.findings import Finding, error, ok, warning

TOLERATED = 5.0  # seconds
REFUSED = 60.0  # seconds, beyond which tokens of issuers are not yet valid
HINT = "Synchronise both clocks, for example with systemd-timesyncd or chrony."


def compare(name: str, *, theirs: float, ours: float) -> Finding:
    """Compare two clocks, in seconds since 1970."""
    difference = abs(theirs - ours)
    text = f"The clock of {name} differs from ours by {difference:.1f} s."
    if difference > REFUSED:
        return error(text, HINT)
    if difference > TOLERATED:
        return warning(text, HINT)
    return ok(text)
