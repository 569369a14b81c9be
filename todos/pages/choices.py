"""What menus offer: the days a task is often moved to, lists, labels, priorities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format

from accounts.models import User
from todos.actions.labels import LABELS_PER_USER_MAX
from todos.actions.quick_lines import WEEK_STARTS
from todos.models import Label, Task
from todos.pages.mixins import Context, UserPageMixin
from todos.schedule.days import DAY, Clock
from todos.schedule.quick_add.calendars import last_of, weekend_of
from todos.schedule.quick_add.parts import Context as LineContext


@dataclass(frozen=True, slots=True)
class DayChoice:
    """A day with its name, such as `Tomorrow`."""

    name: str
    icon: str
    day: date

    @property
    def value(self) -> str:
        """The day as forms send it."""
        return self.day.isoformat()

    @property
    def words(self) -> str:
        """The day of the week and the date, such as `Mon 30 Nov`."""
        return date_format(self.day, "D j M")


def day_choices(user: User, clock: Clock) -> list[DayChoice]:
    """Return today, tomorrow, the weekend and the next week of the user.

    They are the days that quick add understands by these words, except that on a
    weekend the next one is offered, because today is offered already.
    """
    today = clock.today
    week_start = WEEK_STARTS[User.WeekStart(user.week_start)]
    last = last_of("week", today, LineContext(clock, week_start))
    weekend, name = weekend_of(today), "Weekend"
    if weekend == today:
        # From Monday on, `weekend_of` returns the next Saturday.
        weekend, name = weekend_of(today + 2 * DAY), "Next weekend"
    return [
        DayChoice("Today", "today", today),
        DayChoice("Tomorrow", "tomorrow", today + DAY),
        DayChoice(name, "weekend", weekend),
        DayChoice("Next week", "next-week", last + DAY),
    ]


def choices_of(page: UserPageMixin) -> Context:
    """Return what the bar below selected tasks offers."""
    return {
        "days": day_choices(page.user, page.clock),
        "lists": page.navigation.active,
        "label_names": label_names(page.user),
        "priorities": Task.Priority.choices,
    }


def label_names(user: User) -> list[str]:
    """Return the names of the user's labels."""
    labels = Label.objects.owned_by(user).order_by("key")
    return list(labels.values_list("name", flat=True)[:LABELS_PER_USER_MAX])
