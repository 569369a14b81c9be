"""A task as a row of a page, with its dates and its rule in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.text import Truncator

from accounts.times import time_words
from todos.markdown import plain_start
from todos.models import Task, TaskList
from todos.pages.navigation import NavigationLabel
from todos.schedule.days import Clock
from todos.schedule.wording import rule_words


@lru_cache(maxsize=1024)  # the rows of a page repeat few days
def day_words(day: date, *, today: date) -> str:
    """Return a day in words: `Today`, `Fri 27 Nov`, `Mon 4 Jan 2027`."""
    distance = (day - today).days
    if distance in NEAR_DAYS:
        return NEAR_DAYS[distance]
    return date_format(day, "D j M" if day.year == today.year else "D j M Y")


def day_in_sentence(day: date, *, today: date) -> str:
    """Return a day in words within a sentence: `tomorrow`, `Fri 27 Nov`."""
    words = day_words(day, today=today)
    return words.lower() if words in NEAR_DAYS.values() else words


SHORT_TITLE_LENGTH = 60
NEAR_DAYS = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}


def reminder_words(minutes: int | None, at: time | None, time_format: str = "") -> str:
    """Return when a reminder is sent: `1 hour before`, `At 09:00 on the day`."""
    if at is not None:
        return f"At {time_words(at, time_format)} on the day"
    if not minutes:
        return "When it is due" if minutes == 0 else ""
    size, unit = next(one for one in UNITS if minutes % one[0] == 0)
    number = minutes // size
    return f"{number} {unit}{'' if number == 1 else 's'} before"


UNITS = ((24 * 60, "day"), (60, "hour"), (1, "minute"))  # in minutes


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as one row, with the clock of the user.

    `list` is None on the page of a list. The row omits the day if the heading above it
    shows the day. `here` is the path of the page, and `following` the row below, or
    above for the last row; both are where the user continues after a change.
    """

    task: Task
    clock: Clock
    list: TaskList | None = None
    timezone: str = ""
    time_format: str = ""  # of `User.clock`
    has_day: bool = True
    here: str = "/"
    following: UUID | None = None
    labels: Sequence[NavigationLabel] = ()

    @property
    def short_title(self) -> str:
        """The title in the names of controls."""
        title = self.task.title
        if len(title) <= SHORT_TITLE_LENGTH:
            return title  # Truncator would look at every character
        return Truncator(title).chars(SHORT_TITLE_LENGTH)

    @property
    def onward(self) -> str:
        """Where to go after a change, as the quoted value of `next`."""
        fragment = f"#task-{self.following}" if self.following else ""
        return quote(self.here + fragment, safe="/")

    @property
    def parent(self) -> str:
        """The title of the task that this step belongs to, or an empty text."""
        return (self.task.parent_id and self.task.parent_title) or ""

    @property
    def day(self) -> str:
        """The due date in words, or an empty text."""
        due = self.task.due_date
        if due is None or not self.has_day:
            return ""
        return day_words(due, today=self.clock.today)

    @property
    def time(self) -> str:
        """The due time, with its zone if that is not the user's."""
        task = self.task
        if task.due_time is None:
            return ""
        elsewhere = task.due_tz and task.due_tz != self.timezone
        shown = time_words(task.due_time, self.time_format)
        return f"{shown} ({task.due_tz})" if elsewhere else shown

    @property
    def due(self) -> str:
        """The due date and time in words, or an empty text."""
        return ", ".join(part for part in (self.day, self.time) if part)

    @property
    def preview(self) -> str:
        """The beginning of the notes as plain text, if the query has selected it."""
        return plain_start(getattr(self.task, "preview", ""))

    @property
    def steps(self) -> str:
        """How many steps are done, such as `1/3`, or an empty text."""
        task = self.task
        return f"{task.steps_done}/{task.steps_total}" if task.steps_total else ""

    @property
    def is_overdue(self) -> bool:
        """Whether the task is open and past due."""
        task = self.task
        if task.is_completed or task.due_date is None:
            return False
        zone = ZoneInfo(task.due_tz) if task.due_tz else None
        return self.clock.is_past(task.due_date, task.due_time, zone)

    @property
    def priority(self) -> str:
        """The priority in words, or an empty text for the default one."""
        task = self.task
        usual = task.priority == Task.Priority.MEDIUM
        return "" if usual else task.get_priority_display()

    @property
    def repeat(self) -> str:
        """The recurrence in words, or an empty text."""
        rule, anchor = self.task.rrule, self.task.rrule_anchor
        from_completion = anchor == Task.Anchor.COMPLETION
        return rule_words(rule, from_completion=from_completion) if rule else ""


def with_task(path: str, task_id: UUID | str | None) -> str:
    """Return the path with the details of this task open, or of none."""
    if task_id and "?" not in path and "#" not in path:  # so for most rows
        return f"{path}?task={task_id}"
    parts = urlsplit(path)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "task"]
    if task_id:
        query.append(("task", str(task_id)))
    return urlunsplit(("", "", parts.path, urlencode(query), ""))


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading, which is empty if the page has a single group."""

    rows: list[TaskRow]
    heading: str = ""
    note: str = ""
    is_overdue: bool = False


def linked(groups: Iterable[Group]) -> list[Group]:
    """Return the groups with the `following` row of each row, across the groups."""
    found = list(groups)
    keys = [row.task.pk for group in found for row in group.rows]
    # The last row is followed by the one above it.
    following = iter([*keys[1:], *keys[-2:-1], None])
    return [
        replace(
            group, rows=[replace(row, following=next(following)) for row in group.rows]
        )
        for group in found
    ]
