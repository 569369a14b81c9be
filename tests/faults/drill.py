"""One fault under load, from its beginning to the judgement."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import pytest

from tests.faults import judgement
from tests.faults.accounts import Account
from tests.faults.judgement import Findings
from tests.faults.load import Load, steady

WARM = 40  # requests before the fault
RECOVERS_WITHIN = 10  # seconds
LONGEST = 25  # seconds that an answer may take: the longest limit, and a busy machine
BROKEN = {"refused", "cut"}
ALIVE_WITHIN = 3  # seconds that /healthz may take on a busy machine
READY_WITHIN = 5  # seconds that a load balancer waits for /readyz
Record = Callable[[dict[str, Any]], None]


class Readiness(Enum):
    """What `/readyz` must say during the fault."""

    READY = "ready"
    UNAVAILABLE = "unavailable"
    EITHER = "either"


@dataclass(slots=True)
class Outcome:
    """What a fault did, as the table shows it."""

    fault: str
    requests: int = 0
    refusals: int = 0  # 503 with Retry-After
    broken: int = 0  # connections that were refused or cut
    writes: int = 0  # acknowledged
    lost: int = 0
    doubled: int = 0
    longest: float = 0.0  # seconds
    recovery: float = 0.0  # seconds from the end of the fault to the last bad answer
    health: str = ""  # good answers of /healthz, and all
    readiness: str = ""  # answers of /readyz other than 200 in the fault, and all
    wrong: list[str] = field(default_factory=list)


@contextmanager
def drill(
    fault: str,
    ports: list[int],
    record: Record,
    *,
    readiness: Readiness = Readiness.UNAVAILABLE,
    breaks_connections: bool = False,
    ends_tokens: bool = False,
    members: list[Account] | None = None,
) -> Iterator[Load]:
    """Run the load around the block, which causes and ends the fault; then judge.

    `breaks_connections` is for faults that kill or stop processes of Ownlist, and
    `ends_tokens` for those after which users have to sign in again.
    """
    outcome = Outcome(fault)
    with steady(ports, members, signs_in=ends_tokens) as load:
        load.wait_for_requests(WARM)
        began = time.monotonic()
        yield load
        ended = time.monotonic()
        outcome.recovery = load.wait_until_calm(ended)
    _count(outcome, load, began, ended)
    findings = judgement.judge(ports[0], load.accounts)
    outcome.lost, outcome.doubled = len(findings.lost), len(findings.doubled)
    outcome.wrong = [
        *wrong_writes(load, findings),
        *wrong_answers(
            load, breaks_connections=breaks_connections, ends_tokens=ends_tokens
        ),
        *wrong_health(load, began, ended, readiness, breaks_connections),
        *too_slow(outcome),
    ]
    record(asdict(outcome))
    if outcome.wrong:
        pytest.fail("\n".join(outcome.wrong))


def _count(outcome: Outcome, load: Load, began: float, ended: float) -> None:
    healthy = [probe.is_good for probe in load.probes["/healthz"]]
    during = [probe for probe in load.probes["/readyz"] if began < probe.at < ended]
    outcome.requests = len(load.answers)
    outcome.refusals = sum(answer.status == 503 for answer in load.answers)
    outcome.broken = sum(bool(answer.failure) for answer in load.answers)
    outcome.writes = sum(account.writes for account in load.accounts)
    outcome.longest = max(answer.seconds for answer in load.answers)
    outcome.health = f"{sum(healthy)}/{len(healthy)}"
    outcome.readiness = f"{sum(not probe.is_good for probe in during)}/{len(during)}"


def wrong_writes(load: Load, findings: Findings) -> Iterator[str]:
    """Yield writes that were lost, doubled, never asked for or never carried out."""
    yield from (f"lost: {write}" for write in findings.lost)
    yield from (f"doubled: {write}" for write in findings.doubled)
    yield from (f"nobody asked for: {title}" for title in findings.unasked)
    yield from (f"never carried out: {answer}" for answer in load.unanswered)


def wrong_answers(
    load: Load, *, breaks_connections: bool = False, ends_tokens: bool = False
) -> Iterator[str]:
    """Yield answers that no client should get."""
    allowed = BROKEN if breaks_connections else set()
    wrong = Counter(
        str(answer)
        for answer in load.answers
        if not answer.is_good
        and not answer.asks_to_repeat
        and answer.failure not in allowed
        and not (ends_tokens and answer.status == 401)
    )
    yield from (f"{number} times {answer}" for answer, number in wrong.items())


def wrong_health(
    load: Load,
    began: float,
    ended: float,
    readiness: Readiness,
    breaks_connections: bool,
) -> Iterator[str]:
    """Yield answers of `/healthz` and `/readyz` that were not true."""
    allowed = BROKEN if breaks_connections else set()
    for probe in load.probes["/healthz"]:
        if not probe.is_good and probe.failure not in allowed:
            yield str(probe)
        elif probe.seconds > ALIVE_WITHIN:
            yield f"{probe}, after {probe.seconds:.1f} s"
    refused = 0
    for probe in load.probes["/readyz"]:
        # A load balancer waits a few seconds, and then it is not ready either.
        is_late = not probe.failure and probe.seconds > READY_WITHIN
        says_no = probe.asks_to_repeat or probe.failure == "no answer" or is_late
        refused += says_no and began < probe.at < ended
        if says_no:
            if readiness is Readiness.READY:
                yield f"{probe}, while the service worked"
        elif not probe.is_good and probe.failure not in allowed:
            yield str(probe)
    if readiness is Readiness.UNAVAILABLE and not refused:
        yield "/readyz never said that the service does not work"


def too_slow(outcome: Outcome) -> Iterator[str]:
    """Yield what took too long."""
    if outcome.longest > LONGEST:
        yield f"an answer took {outcome.longest:.1f} s"
    if outcome.recovery > RECOVERS_WITHIN:
        yield f"it was normal again only after {outcome.recovery:.1f} s"
