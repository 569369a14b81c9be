"""The current day of a user, and whether something is past due for the user."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.utils.functional import cached_property

from todos.schedule.instants import instant_of, wall_clock

DAY = timedelta(days=1)
# The range of dates that tasks can have, far from the limits of `date`.
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2999, 12, 31)


def today(*, now: datetime, zone: tzinfo, day_start: int) -> date:
    """Return the date in a user's calendar at the instant `now`.

    `day_start` is the hour, 0 to 23, at which the user's day begins. If it begins at 5,
    the date at 02:00 is still yesterday's.
    """
    return (wall_clock(now, zone) - timedelta(hours=day_start)).date()


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of a shorter one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Clock:
    """The instant `now` for a user whose day begins at the hour `day_start`.

    A task with a due time is past due from that time on; a task with only a due date is
    past due when the user's day has ended. The day ends at `day_start` of the next
    date, and everything due before that is due today. Wall-clock times are compared, in
    the zone of the due time, so the database can do it too.
    """

    now: datetime
    zone: tzinfo
    day_start: int = 0

    @cached_property
    def today(self) -> date:
        """The date in the user's calendar."""
        return today(now=self.now, zone=self.zone, day_start=self.day_start)

    @cached_property
    def day_end(self) -> datetime:
        """The instant, in UTC, at which the user's day ends."""
        return instant_of(self.today + DAY, time(self.day_start), self.zone)

    def now_in(self, zone: tzinfo | None = None) -> datetime:
        """Return the wall clock now, in `zone` or the user's zone."""
        return wall_clock(self.now, zone or self.zone)

    def day_end_in(self, zone: tzinfo | None = None) -> datetime:
        """Return the wall clock at the end of the day, in `zone` or the user's zone."""
        return wall_clock(self.day_end, zone or self.zone)

    def is_past(self, day: date, at: time | None, zone: tzinfo | None) -> bool:
        """Whether a task due then is past due; without `zone`, in the user's zone."""
        if at is None:
            return day < self.today
        return datetime.combine(day, at) < self.now_in(zone)
