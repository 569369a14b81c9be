"""No test waits for a time of its own."""

import ast
from pathlib import Path

import pytest

from tests import patience
from tests.patience import until

HERE = Path(__file__).parent
# Programs that measure time, and faults of which it is known how long they last.
EXCUSED = {"benchmarks", "faults", "node_modules"}
WAITS = {"acquire", "create_connection", "join", "result", "settimeout", "wait"}


def own_times(source):
    """Return the lines with a wait that has a number as its limit, or with a pause."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]
    return [call.lineno for call in calls if _pauses(call) or _has_a_number(call)]


def _pauses(call):
    # A pause of zero lets others run.
    return _name(call) == "sleep" and ast.unparse(call.args[0]) != "0"


def _has_a_number(call):
    limits = [word.value for word in call.keywords if "timeout" in (word.arg or "")]
    if _name(call) in WAITS:
        limits += call.args
    numbers = [one.value for one in limits if isinstance(one, ast.Constant)]
    return any(isinstance(number, int | float) for number in numbers)


def _name(call):
    return getattr(call.func, "attr", None) or getattr(call.func, "id", None)


def test_no_test_waits_for_a_time_of_its_own():
    """A number is right for the machine on which it was chosen.

    A test of a limit gives it a name, and says how a slow machine passes it.
    """
    found = [
        f"{path.relative_to(HERE)}:{line}"
        for path in HERE.rglob("*.py")
        if not EXCUSED.intersection(path.parts) and path.stem != "patience"
        for line in own_times(path.read_text(encoding="utf-8"))
    ]

    assert not found, "use tests/patience.py"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("time.sleep(1)", True),
        ("sleep(PAUSE)", True),
        ("await asyncio.sleep(0)", False),
        ("event.wait(30)", True),
        ("event.wait(timeout=0.5)", True),
        ("connect(connect_timeout=3)", True),
        ("event.wait(PATIENCE)", False),
        ("event.wait()", False),
        ("' '.join(words)", False),
        ("fetch(timeout=TIMEOUT)", False),
        ("wait(timeout=None)", False),
    ],
)
def test_a_time_of_its_own_is_found(source, is_found):
    assert bool(own_times(source)) == is_found


def test_waits_until_a_condition_is_true_and_returns_what_it_returned():
    answers = iter([None, 0, "", "true"])

    assert until(lambda: next(answers)) == "true"


def test_fails_with_what_is_known_if_it_never_becomes_true(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0)

    with pytest.raises(AssertionError, match="the log"):
        until(lambda: False, lambda: "the log")
