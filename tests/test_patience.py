"""No test waits for a time of its own, or reads the clock before it begins."""

import ast
from pathlib import Path

import pytest

from tests import patience
from tests.patience import until

HERE = Path(__file__).parent
# Programs that measure time, and faults of which it is known how long they last.
EXCUSED = {"benchmarks", "faults", "node_modules"}
CLOCKS = {"localdate", "localtime", "monotonic", "now", "today", "utcnow"}
WAITS = {"acquire", "create_connection", "join", "result", "settimeout", "wait"}


def modules():
    """Yield the path of each module of the tests, and its source."""
    for path in HERE.rglob("*.py"):
        if not EXCUSED.intersection(path.parts):
            yield path.relative_to(HERE), path.read_text(encoding="utf-8")


def own_times(source):
    """Return the lines with a wait that has a number as its limit, or with a pause."""
    calls = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)]
    return [call.lineno for call in calls if _pauses(call) or _has_a_number(call)]


def early_clocks(source):
    """Return the lines that read the clock when the module is imported."""
    calls = [one for one in _at_import(ast.parse(source)) if isinstance(one, ast.Call)]
    return [call.lineno for call in calls if _name(call) in CLOCKS]


def _at_import(node):
    """Yield what is evaluated at the import of a module: not what functions contain."""
    yield node
    if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
        inner = [*getattr(node, "decorator_list", []), node.args]
    elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        inner = []  # of a program
    else:
        inner = ast.iter_child_nodes(node)
    for one in inner:
        yield from _at_import(one)


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
        f"{path}:{line}"
        for path, source in modules()
        if path.stem != "patience"
        for line in own_times(source)
    ]

    assert not found, "use tests/patience.py"


def test_no_module_of_tests_reads_the_clock_when_it_is_imported():
    """Its tests may run half an hour later, and on the next day."""
    found = [
        f"{path}:{line}" for path, source in modules() for line in early_clocks(source)
    ]

    assert not found, "read it in the test, or choose a time"


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


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("TODAY = timezone.now().date()", True),
        ("def test(at=timezone.now()): pass", True),
        ("@parametrize('day', [date.today()])\ndef test(day): pass", True),
        ("class Scene:\n    day = date.today()", True),
        ("def test():\n    now = timezone.now()", False),
        ("if __name__ == '__main__':\n    main(timezone.now())", False),
        ("NOW = lambda: timezone.now()", False),
        ("AT = datetime(2027, 3, 1, tzinfo=UTC)", False),
    ],
)
def test_a_clock_that_is_read_at_import_is_found(source, is_found):
    assert bool(early_clocks(source)) == is_found


def test_waits_until_a_condition_is_true_and_returns_what_it_returned():
    answers = iter([None, 0, "", "true"])

    assert until(lambda: next(answers)) == "true"


def test_fails_with_what_is_known_if_it_never_becomes_true(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE", 0)

    with pytest.raises(AssertionError, match="the log"):
        until(lambda: False, lambda: "the log")
