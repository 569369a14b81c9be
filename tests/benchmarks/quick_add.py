"""Measure the time of quick add for one line: `python -m tests.benchmarks.quick_add`.

Ordinary lines, lines of the maximum length, and hostile lines: of 10,000 characters,
and of twice that, which may take at most twice the time. Times are the best of several,
in milliseconds, so that other processes have little effect.
"""

import sys
from datetime import UTC, datetime
from time import perf_counter

from todos.schedule.days import Clock
from todos.schedule.quick_add import Context, parse_line

LIMIT_MS = 1.0  # for a line that makes a task
CONTEXT = Context(
    Clock(datetime(2026, 11, 25, 14, 30, tzinfo=UTC), UTC), lists=("Inbox", "Home")
)
ORDINARY = {
    "title": "Buy milk",
    "usual": "Buy milk tomorrow 9am #home @shop p1",
    "repeat": "Pay rent every month on the 31st at 9 until 2027-12-31 #home p1",
    "all": 'Run every! 2 weeks on mon, wed and fri at 9:30 for 10 times #home @a @"b c"'
    " p1 remind:10m from:monday",
    "500 characters": "word " * 93 + "every month on the 31st at 9",
}
HARD = {
    "one word": "a",
    "words": "a ",
    "digits": "1 ",
    "open quotes": "“a ",
    "quotes": '" ',
    "backslashes": "\\ ",
    "labels": "@a ",
    "unknown lists": "#a ",
    "dates": "mon ",
    "repeats": "every mon, ",
    "days": "mon,",
    "marks": "due:every ",
    "marks and words": "due:every a a a a a a a a a a a ",
    "starts": "from:in 3 ",
    "ends": "every day until ",
    "lists that go on": "due:friday or ",
    "days in a title": "the mon ",
    "words that are days": "get sun ",
    "curly quotes": "#“a ",
    "single quotes": "#'a ",
}


def milliseconds(line: str) -> float:
    """Return the best time of reading a line."""
    times = []
    for _ in range(20):
        begun = perf_counter()
        parse_line(line, context=CONTEXT)
        times.append(perf_counter() - begun)
    return min(times) * 1000


def main() -> int:
    """Measure, print, and return 1 if an ordinary line took too long."""
    print(f"{'ordinary lines':20} {'ms':>8}")
    slowest = 0.0
    for name, line in ORDINARY.items():
        took = milliseconds(line)
        slowest = max(slowest, took)
        print(f"{name:20} {took:8.3f}")
    print(f"\n{'10,000 characters of':20} {'ms':>8} {'twice as long':>14}")
    for name, piece in HARD.items():
        line = (piece * 10_000)[:10_000]
        took = milliseconds(line)
        print(f"{name:20} {took:8.3f} {milliseconds(line + line) / took:13.1f}x")
    print(f"\nslowest ordinary line: {slowest:.3f} ms (at most {LIMIT_MS:.0f})")
    return int(slowest > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
