"""Faults of real parts under a steady load: `make faults`.

A load writes and reads all the time and records every acknowledged write. A fault is
caused and ended. Afterwards nothing acknowledged is lost or doubled, only certain
answers were given, and the service is normal again soon. `docs/operations.md` has the
table.
"""
