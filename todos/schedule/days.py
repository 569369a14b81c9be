"""Which day it is for someone, and whether something is past due for them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property

from todos.schedule.instants import instant_of, wall_clock

DAY = timedelta(days=1)
# The centuries in which a date may lie: far from where calendars end.
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2999, 12, 31)


def today(*, now: datetime, zone: tzinfo, day_start: int) -> date:
    """Return the date in a person's calendar at the instant `now`.

    `day_start` is the hour, 0 to 23, at which their day begins: at 02:00 with a day
    that begins at 5, it is still yesterday.
    """
    return (wall_clock(now, zone) - timedelta(hours=day_start)).date()


@dataclass(frozen=True)
class Clock:
    """The instant `now` as a person sees it, whose day begins at the hour `day_start`.

    Something due at a time is past due from that minute on; something due on a date is
    past due once the person's day is over. Their day ends at `day_start` of the next
    date, and whatever is due before that is due today. What clocks show is compared,
    in the zone of the due time, so the database can do it too.
    """

    now: datetime
    zone: tzinfo
    day_start: int = 0

    @cached_property
    def today(self) -> date:
        """The date in the person's calendar."""
        return today(now=self.now, zone=self.zone, day_start=self.day_start)

    @cached_property
    def day_end(self) -> datetime:
        """The instant, in UTC, at which the person's day is over."""
        return instant_of(self.today + DAY, time(self.day_start), self.zone)

    def now_in(self, zone: tzinfo | None = None) -> datetime:
        """What clocks show now, in the person's zone or another; without a zone."""
        return wall_clock(self.now, zone or self.zone)

    def day_end_in(self, zone: tzinfo | None = None) -> datetime:
        """What clocks show when the person's day is over; without a zone."""
        return wall_clock(self.day_end, zone or self.zone)

    def is_past(self, day: date, at: time | None, zone: tzinfo | None) -> bool:
        """Whether what is due then is past due. Without `zone` it floats."""
        if at is None:
            return day < self.today
        return datetime.combine(day, at) < self.now_in(zone)
