"""Verify security events that were downloaded from Ownlist, without Ownlist.

Run `python verify_events.py FILE [DIGEST ...]`, with digests from e-mails of Ownlist.
"""

import hashlib
import json
import sys


def verify(lines, digests):
    """Return the number of the last event of each chain; exit at the first fault."""
    last = {}
    for event in map(json.loads, lines):
        digest, chain, number = event.pop("digest"), event["chain"], event["number"]
        before = last.get(chain, (number - 1, event["previous"] if number > 1 else ""))
        if before != (number - 1, event["previous"]):
            sys.exit(f"Wrong: event {number} of {chain} does not follow the last one.")
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"))
        if hashlib.sha256(canonical.encode()).hexdigest() != digest:
            sys.exit(f"Wrong: event {number} of {chain} was changed.")
        last[chain] = (number, digest)
        digests.discard(digest)
    return sys.exit(f"Wrong: missing {digests}") if digests else last


if __name__ == "__main__":
    path, *digests = sys.argv[1:] or sys.exit(__doc__)
    with open(path, encoding="utf-8") as file:
        print("All is well. Last events:", verify(file, set(digests)))
