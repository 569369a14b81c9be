"""Query conditions on when a task is due, in wall-clock time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Q


def due_before(
    day: date, wall_clock: Callable[[tzinfo | None], datetime], zones: Iterable[str]
) -> Q:
    """Match tasks due before `day`; those with a time, before the time of `wall_clock`.

    `wall_clock` returns the local time that ends the range in a zone, or, for None, in
    the user's zone. `zones` are the zones of the tasks.
    """

    def earlier(shown: datetime) -> Q:
        same_day = Q(due_date=shown.date(), due_time__lt=shown.time())
        return Q(due_date__lt=shown.date()) | same_day

    found = Q(due_time=None, due_date__lt=day)
    found |= Q(due_time__isnull=False, due_tz="") & earlier(wall_clock(None))
    for zone in zones:
        found |= Q(due_tz=zone) & earlier(wall_clock(ZoneInfo(zone)))
    return found


def due_from(
    day: date, wall_clock: Callable[[tzinfo | None], datetime], zones: Iterable[str]
) -> Q:
    """Match the tasks with a date that `due_before` does not match."""

    def later(shown: datetime) -> Q:
        same_day = Q(due_date=shown.date(), due_time__gte=shown.time())
        return Q(due_date__gt=shown.date()) | same_day

    found = Q(due_time=None, due_date__gte=day)
    found |= Q(due_time__isnull=False, due_tz="") & later(wall_clock(None))
    for zone in zones:
        found |= Q(due_tz=zone) & later(wall_clock(ZoneInfo(zone)))
    return found
