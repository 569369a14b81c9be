"""Tasks and their steps, and the queries for them."""

from __future__ import annotations

import builtins
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Case, Count, F, Q, Value, When
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from config.writes import new_row
from todos.limits import (
    PRIORITY_MAX,
    PRIORITY_MIN,
    RULE_MAX_LENGTH,
    TIMEZONE_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models.due import due_before, due_from
from todos.models.expressions import (
    DistinctTexts,
    FoldedField,
    LabelNames,
    OwnedLabels,
    QuarterHour,
    StepCount,
)
from todos.models.label import Label, label_key
from todos.models.loaded import Loaded
from todos.models.owned import OwnedKey, OwnedModel, OwnedQuerySet, position_now
from todos.models.task_list import TaskList
from todos.schedule.days import DAY, Clock
from todos.schedule.instants import instant_of
from todos.task_fields import SEARCHED_COLUMNS
from todos.text_folding import fold


class TaskQuerySet(OwnedQuerySet["Task"]):
    def in_lists(self, lists: Collection[UUID]) -> Self:
        return self.filter(list__in=lists)

    def live(self) -> Self:
        """Not in the trash."""
        return self.filter(trashed_at=None)

    def open(self) -> Self:
        """Neither completed nor in the trash."""
        return self.live().filter(completed_at=None)

    def completed(self) -> Self:
        """Completed and not in the trash."""
        return self.live().filter(completed_at__isnull=False)

    def trashed(self) -> Self:
        """In the trash."""
        return self.filter(trashed_at__isnull=False)

    def in_active_lists(self) -> Self:
        """In lists that are not archived."""
        # With NOT EXISTS, PostgreSQL expects no rows at all where there are few lists,
        # and so sorts all tasks of a large account for one page.
        return self.filter(list__archived_at=None)

    def top_level(self) -> Self:
        """Not steps of other tasks."""
        return self.filter(parent=None)

    def in_inbox(self) -> Self:
        """In the owner's inbox."""
        return self.filter(list__is_inbox=True)

    def zones_in_use(self) -> list[str]:
        """Return the time zones that due times of open tasks are fixed to."""
        zoned = self.open().exclude(due_tz="").order_by("due_tz")
        return list(zoned.values_list("due_tz", flat=True).distinct())

    def joined_zones_in_use(self) -> models.Subquery:
        """Return a subquery for the zones of `zones_in_use`, joined by commas."""
        zoned = self.open().exclude(due_tz="").order_by().values("owner")
        return models.Subquery(
            zoned.annotate(zones=DistinctTexts("due_tz")).values("zones")
        )

    def overdue(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """Open tasks that are past due by the user's `clock`.

        `zones` must include every zone of `zones_in_use`; `todos.agenda` passes them.
        """
        before = due_before(clock.today, clock.now_in, zones)
        # Repeated without the time, so that the index by date can be used.
        return self.open().filter(before, due_date__lte=clock.today + 2 * DAY)

    def due_by(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """The Today view: open tasks that are overdue or due before the day ends."""
        before = due_before(clock.today + DAY, clock.day_end_in, zones)
        return self.open().filter(before, due_date__lte=clock.today + 2 * DAY)

    def upcoming(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """Open tasks due after the user's current day."""
        later = due_from(clock.today + DAY, clock.day_end_in, zones)
        return self.open().filter(later, due_date__gte=clock.today - DAY)

    def completed_by_day(self, clock: Clock, *, since: date) -> Counter[date]:
        """Count the completed tasks, not steps, on each day of the user from a date on.

        Runs one query, whose result is bounded by the number of days.
        """
        days = [since + n * DAY for n in range((clock.today - since).days + 1)]
        at = time(clock.day_start)
        begins = [instant_of(day, at, clock.zone) for day in days]
        done = self.completed().top_level().order_by()
        done = done.filter(completed_at__gte=begins[0], completed_at__lt=clock.day_end)
        parts = done.annotate(part=QuarterHour("completed_at")).values_list("part")
        starts = [int(begin.timestamp()) // (15 * 60) for begin in begins]
        found: Counter[date] = Counter()
        for part, number in parts.annotate(number=Count("pk")):
            found[days[bisect_right(starts, part) - 1]] += number
        return found

    def with_every_label(self, names: list[str]) -> Self:
        """Tasks that have all of these labels."""
        tasks = self
        for name in names:
            carries = _labels_of_task().filter(label__key=label_key(name))
            tasks = tasks.filter(models.Exists(carries))
        return tasks

    @staticmethod
    def first_label_key() -> models.Subquery:
        """Return a subquery for the key of a task's first label by name."""
        keys = _labels_of_task().order_by("label__key").values("label__key")
        return models.Subquery(keys[:1])

    def matching(self, words: str) -> Self:
        """Tasks with all of these words in title or notes.

        Case and accents don't matter: see `todos.text_folding.fold`.
        """
        tasks = self
        for word in fold(words).split():
            tasks = tasks.filter(search__contains=word)
        return tasks

    def with_labels(self) -> Self:
        """With `label_names`, loaded in the same query."""
        return self.annotate(label_names=LabelNames("owner", "pk"))

    def with_parent_titles(self) -> Self:
        """With `parent_title`, None for a task that is not a step."""
        return self.annotate(parent_title=F("parent__title"))

    def represented(self) -> Self:
        """With everything that interfaces show of a task, loaded in the same query.

        That is `label_names`, `steps_total` and `steps_done`.
        """
        return self.with_labels().annotate(
            steps_total=StepCount("owner", "pk"),
            steps_done=StepCount("owner", "pk", done=True),
        )

    def with_steps_of(self, task_id: UUID) -> Self:
        """One task, first, and then its steps: the open ones, and the latest completed.

        The task has everything that interfaces show, `parent_title`, and all labels of
        its owner as `known_labels`. Only its notes are loaded, as `own_notes`. Steps in
        the trash are those that were trashed with it.
        """
        is_it = Q(pk=task_id)
        together = Q(trashed_at=None) | Q(trashed_at=F("parent__trashed_at"))
        return (
            self.filter(is_it | Q(parent=task_id) & together)
            .represented()
            .defer("notes", "search")
            .annotate(
                parent_title=F("parent__title"),
                own_notes=Case(
                    When(is_it, then="notes"),
                    default=Value("", output_field=models.TextField()),
                ),
                known_labels=Case(When(is_it, then=OwnedLabels("owner"))),
            )
            .order_by(
                Case(When(is_it, then=0), default=1),
                F("completed_at").desc(nulls_first=True),
                "position",
                "id",
            )
        )


def _labels_of_task() -> models.QuerySet[TaskLabel]:
    """Return the labels of a task of the query around this one."""
    return TaskLabel.objects.filter(
        owner=models.OuterRef("owner"), task=models.OuterRef("pk")
    )


class Task(OwnedModel):
    """One thing to do. A step is a task whose `parent` is another.

    The due date is wall-clock time: a date, optionally with a time and a named zone.
    Without a zone it follows the user's zone. It is never stored as an instant, so it
    can't shift.
    """

    class Priority(models.IntegerChoices):
        URGENT = 1
        HIGH = 2
        MEDIUM = 3
        LOW = 4

    class Anchor(models.TextChoices):
        """What the next occurrence is counted from."""

        DUE = "due"
        COMPLETION = "completion"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    list = OwnedKey(TaskList, related_name="tasks")
    parent = OwnedKey("self", null=True, blank=True, related_name="steps")
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    notes = models.TextField(blank=True)
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.MEDIUM
    )
    due_date = models.DateField(null=True, blank=True)
    due_time = models.TimeField(null=True, blank=True)
    due_tz = models.CharField(max_length=TIMEZONE_MAX_LENGTH, blank=True)
    start_date = models.DateField(null=True, blank=True)
    rrule = models.CharField(max_length=RULE_MAX_LENGTH, blank=True)
    rrule_anchor = models.CharField(max_length=10, choices=Anchor.choices, blank=True)
    series = models.UUIDField(null=True, blank=True, editable=False)
    occurrence = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # At most one of the two: minutes before the due time, or a time on the due date.
    reminder_minutes = models.PositiveIntegerField(null=True, blank=True)
    reminder_time = models.TimeField(null=True, blank=True)
    # The day, in the zone of the due time, of a reminder that is yet to be sent.
    remind_on = models.DateField(null=True, blank=True, editable=False)
    position = models.BigIntegerField(default=position_now)
    search = FoldedField(of=SEARCHED_COLUMNS, default="", db_default="", editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    labels = models.ManyToManyField(Label, through="TaskLabel", related_name="tasks")

    # No columns: loaded by a query, or set for a task that was just made.
    label_names = Loaded[builtins.list[str]]("with_labels")
    steps_total = Loaded[int]("represented")
    steps_done = Loaded[int]("represented")
    parent_title = Loaded[str | None]("with_parent_titles")

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "id"], name="todos_task_owner_id"),
            models.UniqueConstraint(
                fields=["owner", "series", "occurrence"],
                condition=Q(series__isnull=False),
                name="todos_task_occurrence_once",
            ),
            models.CheckConstraint(
                condition=~Q(title=""),
                name="todos_task_title_not_blank",
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=PRIORITY_MIN, priority__lte=PRIORITY_MAX),
                name="todos_task_priority_1_to_4",
            ),
            models.CheckConstraint(
                condition=Q(due_time=None) | Q(due_date__isnull=False),
                name="todos_task_time_needs_date",
            ),
            models.CheckConstraint(
                condition=Q(due_tz="") | Q(due_time__isnull=False),
                name="todos_task_zone_needs_time",
            ),
            models.CheckConstraint(
                condition=Q(reminder_minutes=None) | Q(due_time__isnull=False),
                name="todos_task_minutes_need_time",
            ),
            models.CheckConstraint(
                condition=Q(reminder_time=None) | Q(due_date__isnull=False),
                name="todos_task_reminder_needs_date",
            ),
            models.CheckConstraint(
                condition=Q(reminder_minutes=None) | Q(reminder_time=None),
                name="todos_task_one_reminder",
            ),
            models.CheckConstraint(
                condition=Q(rrule="", rrule_anchor="")
                | (~Q(rrule="") & ~Q(rrule_anchor="")),
                name="todos_task_rule_has_anchor",
            ),
            models.CheckConstraint(
                condition=Q(series=None, occurrence=None)
                | Q(series__isnull=False, occurrence__isnull=False),
                name="todos_task_series_has_occurrence",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="todos_task_not_its_own_step",
            ),
        ]
        indexes = [
            # Open tasks of a user by position, and their number in a list; Today,
            # overdue and upcoming, in the order of the pages; completed tasks; the
            # plan's list, newest first; the trash.
            models.Index(
                "owner",
                "position",
                "id",
                condition=Q(completed_at=None, trashed_at=None),
                name="todos_task_open",
            ),
            models.Index(
                "owner",
                "list",
                condition=Q(completed_at=None, trashed_at=None, parent=None),
                name="todos_task_open_in_list",
            ),
            models.Index(
                "owner",
                "due_date",
                "due_time",
                "priority",
                "position",
                "id",
                condition=Q(completed_at=None, trashed_at=None, due_date__isnull=False),
                name="todos_task_due",
            ),
            models.Index(
                "owner",
                "completed_at",
                "id",
                condition=Q(completed_at__isnull=False, trashed_at=None),
                name="todos_task_completed",
            ),
            models.Index(
                "owner",
                "created_at",
                "id",
                condition=Q(trashed_at=None),
                name="todos_task_created",
            ),
            models.Index(
                "owner",
                "trashed_at",
                condition=Q(trashed_at__isnull=False),
                name="todos_task_trashed",
            ),
            # The zones of a user's due times; reminders to be sent; tasks to be purged
            # from the trash.
            models.Index(
                "owner",
                "due_tz",
                condition=Q(completed_at=None, trashed_at=None) & ~Q(due_tz=""),
                name="todos_task_zoned",
            ),
            models.Index(
                "remind_on",
                condition=Q(remind_on__isnull=False),
                name="todos_task_remind",
            ),
            models.Index(
                "trashed_at",
                condition=Q(trashed_at__isnull=False),
                name="todos_task_purge",
            ),
        ]

    def __str__(self) -> str:
        # Not the title: this text appears in logs and in the admin.
        return f"task {self.pk}"

    @classmethod
    def new(cls, *, owner_id: UUID, at: datetime, **columns: object) -> Task:
        """Return a task that is not stored yet, and has neither labels nor steps."""
        stamps = {"created_at": at, "updated_at": at}
        task = new_row(cls, owner_id=owner_id, **(stamps | columns))
        task.label_names, task.steps_total, task.steps_done = [], 0, 0
        return task

    @property
    def is_completed(self) -> bool:
        return self.completed_at is not None


class TaskLabel(OwnedModel):
    """A label of a task. The owner is stored, so that keys can require it for both."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    task = OwnedKey(Task, related_name="+", db_index=False)
    label = OwnedKey(Label, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "task", "label"], name="todos_tasklabel_once"
            ),
        ]
        indexes = [models.Index("owner", "label", name="todos_tasklabel_owner_label")]

    def __str__(self) -> str:
        return f"label {self.label_id} on task {self.task_id}"
