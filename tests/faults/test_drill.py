"""A drill finds answers that must not be given, and health that is not true."""

from email.message import Message
from types import SimpleNamespace

import pytest

from tests.faults import drill
from tests.faults.client import IN_USE, Answer
from tests.faults.drill import Readiness


def answered(status, *, failure="", seconds=0.1, at=5.0, headers=None, code=""):
    found = Message()
    for name, value in (headers or {}).items():
        found[name] = value
    return Answer(
        *("GET", "/path", status, at, seconds),
        failure=failure,
        headers=found,
        body={"code": code},
    )


REFUSED = answered(503, headers={"Retry-After": "5"})
CUT = answered(0, failure="cut")
NO_ANSWER = answered(0, failure="no answer")


def wrong_answers(*answers, **expected):
    load = SimpleNamespace(answers=answers)
    return list(drill.wrong_answers(load, **expected))


@pytest.mark.parametrize("answer", [answered(201), REFUSED, answered(409, code=IN_USE)])
def test_what_a_client_can_bear_is_right(answer):
    assert wrong_answers(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        answered(500),
        answered(503),
        answered(401),
        answered(404),
        answered(409, code="conflict"),
        CUT,
        NO_ANSWER,
    ],
    ids=str,
)
def test_every_other_answer_is_wrong(answer):
    assert len(wrong_answers(answer)) == 1


def test_a_connection_may_break_only_where_processes_are_killed():
    assert wrong_answers(CUT, breaks_connections=True) == []
    assert len(wrong_answers(NO_ANSWER, breaks_connections=True)) == 1


def test_a_token_may_be_refused_only_where_users_have_to_sign_in_again():
    assert wrong_answers(answered(401), ends_tokens=True) == []
    assert len(wrong_answers(answered(403), ends_tokens=True)) == 1


def wrong_health(*, alive=(), ready=(), readiness=Readiness.EITHER):
    """Judge probes of a fault from second 1 to 10."""
    load = SimpleNamespace(probes={"/healthz": alive, "/readyz": ready})
    return list(drill.wrong_health(load, 1.0, 10.0, readiness, False))


@pytest.mark.parametrize("probe", [REFUSED, CUT, answered(200, seconds=4)], ids=str)
def test_a_process_that_lives_says_so_soon(probe):
    assert len(wrong_health(alive=[probe])) == 1
    assert wrong_health(alive=[answered(200)]) == []


@pytest.mark.parametrize("probe", [REFUSED, NO_ANSWER, answered(200, seconds=6)])
def test_readiness_must_be_denied_where_nothing_works(probe):
    expected = {"readiness": Readiness.UNAVAILABLE}

    assert wrong_health(ready=[answered(200), probe], **expected) == []
    assert len(wrong_health(ready=[answered(200)], **expected)) == 1
    late = answered(503, headers={"Retry-After": "5"}, at=11.0)
    assert len(wrong_health(ready=[late], **expected)) == 1


@pytest.mark.parametrize("probe", [REFUSED, NO_ANSWER, answered(200, seconds=6)])
def test_readiness_must_not_be_denied_where_all_works(probe):
    assert len(wrong_health(ready=[probe], readiness=Readiness.READY)) == 1
    assert wrong_health(ready=[answered(200)], readiness=Readiness.READY) == []


@pytest.mark.parametrize("probe", [answered(500), answered(503), CUT], ids=str)
def test_a_probe_of_readiness_gets_no_other_answer(probe):
    assert len(wrong_health(ready=[probe])) == 1


def test_a_long_answer_and_a_late_recovery_are_wrong():
    outcome = drill.Outcome("fault", longest=26.0, recovery=10.5)

    assert len(list(drill.too_slow(outcome))) == 2
