"""The current day of a user."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from todos.schedule.days import today


@pytest.mark.parametrize(
    ("now", "zone", "day_start", "expected"),
    [
        ("2027-01-15 12:00", "UTC", 0, date(2027, 1, 15)),
        ("2027-01-15 00:00", "UTC", 0, date(2027, 1, 15)),
        ("2027-01-15 23:59", "UTC", 0, date(2027, 1, 15)),
        # East of Greenwich the day comes earlier, west of it later.
        ("2027-01-15 12:00", "Pacific/Kiritimati", 0, date(2027, 1, 16)),
        ("2027-01-15 09:59", "Pacific/Kiritimati", 0, date(2027, 1, 15)),
        ("2027-01-15 04:59", "America/New_York", 0, date(2027, 1, 14)),
        ("2027-01-15 05:00", "America/New_York", 0, date(2027, 1, 15)),
        # A day that begins at 5 has not begun at 2.
        ("2027-01-15 02:00", "UTC", 5, date(2027, 1, 14)),
        ("2027-01-15 04:59", "UTC", 5, date(2027, 1, 14)),
        ("2027-01-15 05:00", "UTC", 5, date(2027, 1, 15)),
        ("2027-01-01 03:00", "UTC", 5, date(2026, 12, 31)),
        # Clocks go from 2 to 3 in Berlin on this night.
        ("2027-03-28 00:59", "Europe/Berlin", 3, date(2027, 3, 27)),
        ("2027-03-28 01:00", "Europe/Berlin", 3, date(2027, 3, 28)),
    ],
)
def test_computes_the_day_of_the_user(now, zone, day_start, expected):
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert today(now=instant, zone=ZoneInfo(zone), day_start=day_start) == expected
