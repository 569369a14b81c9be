"""Running checks side by side, so that none hides or delays the others."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connections

from config.doctor.findings import Finding, Level, error

TIME_LIMIT = 15.0  # seconds; longer than the limits of what a check calls


@dataclass(frozen=True, slots=True)
class Check:
    """A check, and the name that it is reported by."""

    name: str
    find: Callable[[], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Report:
    """What one check found."""

    name: str
    findings: Sequence[Finding]

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), default=Level.OK)


def run(checks: Iterable[Check], *, seconds: float = TIME_LIMIT) -> Iterator[Report]:
    """Start all checks, and yield the report of each in their order.

    A check that takes longer than `seconds` is reported, and abandoned.
    """
    runs = [_Run(check) for check in checks]
    for one in runs:
        one.thread.start()
    deadline = time.monotonic() + seconds
    for one in runs:
        one.thread.join(max(0.0, deadline - time.monotonic()))
        yield one.report(seconds)


@dataclass(slots=True)
class _Run:
    """A check in a thread of its own, which has database connections of its own."""

    check: Check
    thread: threading.Thread = field(init=False)
    _findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self._findings.extend(self.check.find())
        except Exception as exc:  # noqa: BLE001 - one check must not hide the others
            # Without its text, which may quote a password.
            self._findings.append(
                error(
                    f"The check itself failed with {type(exc).__name__}.",
                    "First fix the other errors, then run the doctor again.",
                )
            )
        finally:
            connections.close_all()

    def report(self, seconds: float) -> Report:
        if not self.thread.is_alive():
            return Report(self.check.name, tuple(self._findings))
        late = error(
            f"The check did not end within {seconds:.0f} seconds.",
            "What it checks does not respond. Look at it, and at the network.",
        )
        return Report(self.check.name, (*self._findings, late))
