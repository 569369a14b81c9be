"""Windows of the limits, and the fixture that lets one last for a whole test."""

import time

import pytest

from config import counters
from config.api.throttling import count_request


@pytest.mark.parametrize(
    ("now", "period", "expected"),
    [
        (0.0, 60, (0, 60)),
        (59.999, 60, (0, 60)),
        (60.0, 60, (1, 120)),
        (7300.5, 3600, (2, 10_800)),
    ],
)
def test_a_window_has_a_number_and_an_end(now, period, expected):
    assert counters.window_of(now, period) == expected


def test_a_test_of_minutes_can_count_in_one_window(db, one_rate_window):
    began = time.time()

    readings = [
        count_request("exchange", "caller", now=began + seconds)
        for seconds in (0, 61, 600)
    ]

    assert [reading.count for reading in readings] == [1, 2, 3]
    assert all(0 < reading.reset <= reading.period for reading in readings)


def test_the_clock_goes_on_in_it(one_rate_window):
    began = time.time()

    assert any(time.time() > began for _ in range(1_000_000))
