"""Tasks, their lists and labels, and the ledger of every change to them.

A null timestamp is the state: a task is open while `completed_at` is null, and in the
trash once `trashed_at` is set. Every row has an `owner`, and a row may only refer to
rows of the same owner; on PostgreSQL, composite foreign keys enforce it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.schedule.days import DAY, Clock
from todos.text_folding import fold

TITLE_MAX_LENGTH = 500
NOTES_MAX_LENGTH = 20_000
LABELS_MAX = 20  # of a task
# The steps of a task, those in the trash among them; completed ones that repeat are
# what is left of a series, and count for the second bound alone.
STEPS_MAX = 500
STEPS_STORED_MAX = 2_000
LABEL_KEY_MAX_LENGTH = 100
REMINDER_MINUTES_MAX = 4 * 7 * 24 * 60  # four weeks ahead

_Row = TypeVar("_Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[_Row]):
    """The one way in: every access from a page or an endpoint starts here."""

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """Only the rows that `user` may see and change; none for an anonymous user."""
        return self.filter(owner=user.pk) if user.is_authenticated else self.none()


def position_now() -> int:
    """Return a place after every earlier one: microseconds since the epoch.

    The gaps leave room to put a row between two others by the mean of their places.
    """
    return int(timezone.now().timestamp() * 1_000_000)


class Colour(models.TextChoices):
    """The colours a list or label can have; the style sheet gives them their shade."""

    GREY = "grey"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    TEAL = "teal"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"


class TaskListQuerySet(OwnedQuerySet["TaskList"]):
    def live(self) -> Self:
        """Without what is in the trash."""
        return self.filter(trashed_at=None)

    def active(self) -> Self:
        """In use: neither archived nor in the trash."""
        return self.live().filter(archived_at=None)

    def archived(self) -> Self:
        """Put away, and not thrown away."""
        return self.live().filter(archived_at__isnull=False)

    def trashed(self) -> Self:
        """In the trash."""
        return self.filter(trashed_at__isnull=False)

    def in_order(self) -> Self:
        """The inbox first, then as the person arranged them."""
        return self.order_by(F("is_inbox").desc(), "position", "id")

    def with_open_counts(self) -> Self:
        """With `open_count`: the open tasks of the list, without their steps."""
        is_open = Q(tasks__completed_at=None, tasks__trashed_at=None)
        return self.annotate(
            open_count=models.Count(
                "tasks",
                filter=is_open & Q(tasks__parent=None) & Q(tasks__owner=F("owner")),
            )
        )


class TaskList(models.Model):
    """A list of tasks. Everyone has one inbox, which can't be renamed or deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="task_lists", db_index=False
    )
    name = models.CharField(max_length=100)
    colour = models.CharField(
        max_length=16, choices=Colour.choices, default=Colour.GREY
    )
    position = models.BigIntegerField(default=position_now)
    is_inbox = models.BooleanField(default=False, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TaskListQuerySet.as_manager()

    class Meta:
        constraints = [
            # The target of the composite foreign keys, and the index by owner.
            models.UniqueConstraint(
                fields=["owner", "id"], name="todos_tasklist_owner_id"
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(is_inbox=True),
                name="todos_tasklist_one_inbox",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="todos_tasklist_name_not_blank"
            ),
            models.CheckConstraint(
                condition=Q(is_inbox=False) | Q(trashed_at=None, archived_at=None),
                name="todos_tasklist_inbox_stays",
            ),
        ]

    def __str__(self) -> str:
        return f"list {self.pk}"


class LabelQuerySet(OwnedQuerySet["Label"]):
    def named(self, names: list[str]) -> Self:
        """Only the labels of these names, however they are capitalised."""
        return self.filter(key__in=[label_key(name) for name in names])


def label_key(name: str) -> str:
    """Return the form under which a label is the same as another."""
    return name.casefold()


class Label(models.Model):
    """A word to find tasks by, across lists; unique per owner in any capitals."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="labels", db_index=False
    )
    name = models.CharField(max_length=50)
    key = models.CharField(max_length=LABEL_KEY_MAX_LENGTH, editable=False)
    colour = models.CharField(
        max_length=16, choices=Colour.choices, default=Colour.GREY
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "id"], name="todos_label_owner_id"
            ),
            models.UniqueConstraint(
                fields=["owner", "key"], name="todos_label_owner_key"
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="todos_label_name_not_blank"
            ),
        ]

    def __str__(self) -> str:
        return f"label {self.pk}"


class LabelNames(models.Func):
    """A JSON array of the names of one task's labels, by name."""

    output_field: ClassVar[Any] = models.JSONField()
    template = (
        "(SELECT COALESCE(JSON_GROUP_ARRAY(name), '[]') FROM (SELECT l.name AS name"
        " FROM todos_tasklabel tl JOIN todos_label l ON l.id = tl.label_id"
        " WHERE tl.task_id = %(expressions)s ORDER BY l.key))"
    )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = (
            'COALESCE((SELECT JSONB_AGG(l.name ORDER BY l.key COLLATE "C")'
            " FROM todos_tasklabel tl JOIN todos_label l ON l.id = tl.label_id"
            " WHERE tl.task_id = %(expressions)s), '[]'::jsonb)"
        )
        return self.as_sql(compiler, connection, template=template, **context)


class StepCount(models.Func):
    """How many steps a task has that aren't in the trash; with `done`, completed."""

    output_field: ClassVar[Any] = models.IntegerField()
    template = (
        "(SELECT COUNT(*) FROM todos_task s WHERE s.parent_id = %(expressions)s"
        " AND s.trashed_at IS NULL%(condition)s)"
    )

    def __init__(self, task: str, *, done: bool = False) -> None:
        condition = " AND s.completed_at IS NOT NULL" if done else ""
        super().__init__(task, condition=condition)


class FoldedField(models.TextField):  # type: ignore[type-arg]  # not at run time
    """The text of other fields in the form that a search compares; see `fold`."""

    def __init__(self, *args: Any, of: Iterable[str] = (), **kwargs: Any) -> None:
        self.of = tuple(of)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = fold("\n".join(getattr(model_instance, name) for name in self.of))
        setattr(model_instance, self.attname, text)
        return text


class TaskQuerySet(OwnedQuerySet["Task"]):
    def live(self) -> Self:
        """Without what is in the trash."""
        return self.filter(trashed_at=None)

    def open(self) -> Self:
        """Still to be done."""
        return self.live().filter(completed_at=None)

    def completed(self) -> Self:
        """Done, and not thrown away."""
        return self.live().filter(completed_at__isnull=False)

    def trashed(self) -> Self:
        """In the trash."""
        return self.filter(trashed_at__isnull=False)

    def in_active_lists(self) -> Self:
        """In lists that are not archived."""
        return self.filter(list__archived_at=None)

    def top_level(self) -> Self:
        """Without steps of other tasks."""
        return self.filter(parent=None)

    def in_inbox(self) -> Self:
        """In the list that everyone has."""
        return self.filter(list__is_inbox=True)

    def zones_in_use(self) -> list[str]:
        """The zones that due times of open tasks are fixed to."""
        zoned = self.open().exclude(due_tz="").order_by("due_tz")
        return list(zoned.values_list("due_tz", flat=True).distinct())

    def overdue(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """Open tasks past due by a person's `clock`.

        `zones` are those that the tasks' due times are fixed to, or more: see
        `zones_in_use`. `todos.agenda` knows them.
        """
        before = _due_before(clock.today, clock.now_in, zones)
        # Said once more without the time, so that the index by date is enough.
        return self.open().filter(before, due_date__lte=clock.today + 2 * DAY)

    def due_by(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """The Today view: open tasks that are overdue, or due before the day ends."""
        before = _due_before(clock.today + DAY, clock.day_end_in, zones)
        return self.open().filter(before, due_date__lte=clock.today + 2 * DAY)

    def upcoming(self, clock: Clock, *, zones: Iterable[str]) -> Self:
        """Open tasks due after the person's day."""
        later = _due_from(clock.today + DAY, clock.day_end_in, zones)
        return self.open().filter(later, due_date__gte=clock.today - DAY)

    def due_on(self, day: date) -> Self:
        """Open tasks due on this day."""
        return self.open().filter(due_date=day)

    def with_every_label(self, names: list[str]) -> Self:
        """Tasks that carry all of these labels."""
        tasks = self
        for name in names:
            carries = TaskLabel.objects.filter(
                task=models.OuterRef("pk"), label__key=label_key(name)
            )
            tasks = tasks.filter(models.Exists(carries))
        return tasks

    def matching(self, words: str) -> Self:
        """Tasks with every one of these words in title or notes.

        Case and accents don't matter: see `todos.text_folding.fold`.
        """
        tasks = self
        for word in fold(words).split():
            tasks = tasks.filter(search__contains=word)
        return tasks

    def with_labels(self) -> Self:
        """With `label_names`, a list of the names, in the same query."""
        return self.annotate(label_names=LabelNames("pk"))

    def represented(self) -> Self:
        """With all that a face shows of a task, in the same query.

        `label_names` as `with_labels`, and `steps_total` and `steps_done`.
        """
        return self.with_labels().annotate(
            steps_total=StepCount("pk"), steps_done=StepCount("pk", done=True)
        )


def _due_before(
    day: date, wall: Callable[[tzinfo | None], datetime], zones: Iterable[str]
) -> Q:
    """Match what is due before `day`, or, at a time, before what `wall` shows."""

    def earlier(shown: datetime) -> Q:
        same_day = Q(due_date=shown.date(), due_time__lt=shown.time())
        return Q(due_date__lt=shown.date()) | same_day

    found = Q(due_time=None, due_date__lt=day)
    found |= Q(due_time__isnull=False, due_tz="") & earlier(wall(None))
    for zone in zones:
        found |= Q(due_tz=zone) & earlier(wall(ZoneInfo(zone)))
    return found


def _due_from(
    day: date, wall: Callable[[tzinfo | None], datetime], zones: Iterable[str]
) -> Q:
    """Match what `_due_before` leaves of the tasks that have a date."""

    def later(shown: datetime) -> Q:
        same_day = Q(due_date=shown.date(), due_time__gte=shown.time())
        return Q(due_date__gt=shown.date()) | same_day

    found = Q(due_time=None, due_date__gte=day)
    found |= Q(due_time__isnull=False, due_tz="") & later(wall(None))
    for zone in zones:
        found |= Q(due_tz=zone) & later(wall(ZoneInfo(zone)))
    return found


class Task(models.Model):
    """One thing to do. A step is a task whose `parent` is another.

    When it is due is wall clock: a date, maybe a time, maybe a named zone. Without a
    zone it floats with the person. It is never stored as an instant, so it can't shift.
    """

    class Priority(models.IntegerChoices):
        URGENT = 1
        HIGH = 2
        MEDIUM = 3
        LOW = 4

    class Anchor(models.TextChoices):
        """From where the next occurrence is counted."""

        DUE = "due"
        COMPLETION = "completion"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="tasks", db_index=False
    )
    list = models.ForeignKey(TaskList, on_delete=models.CASCADE, related_name="tasks")
    parent = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="steps",
    )
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    notes = models.TextField(blank=True)
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.MEDIUM
    )
    due_date = models.DateField(null=True, blank=True)
    due_time = models.TimeField(null=True, blank=True)
    due_tz = models.CharField(max_length=64, blank=True)
    start_date = models.DateField(null=True, blank=True)
    rrule = models.CharField(max_length=200, blank=True)
    rrule_anchor = models.CharField(max_length=10, choices=Anchor.choices, blank=True)
    series = models.UUIDField(null=True, blank=True, editable=False)
    occurrence = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # At most one of the two: so long before the due time, or at a time of the due date.
    reminder_minutes = models.PositiveIntegerField(null=True, blank=True)
    reminder_time = models.TimeField(null=True, blank=True)
    # The day, by the clock of the due time, of a reminder that is still to be sent.
    remind_on = models.DateField(null=True, blank=True, editable=False)
    position = models.BigIntegerField(default=position_now)
    search = FoldedField(
        of=("title", "notes"), default="", db_default="", editable=False
    )
    completed_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    labels = models.ManyToManyField(Label, through="TaskLabel", related_name="tasks")

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "id"], name="todos_task_owner_id"),
            models.UniqueConstraint(
                fields=["series", "occurrence"],
                condition=Q(series__isnull=False),
                name="todos_task_occurrence_once",
            ),
            models.CheckConstraint(
                condition=~Q(title=""),
                name="todos_task_title_not_blank",
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=4),
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
            # Open tasks of a person by place; Today, overdue and upcoming; done;
            # the plan's list, newest first; the trash.
            models.Index(
                "owner",
                "position",
                "id",
                condition=Q(completed_at=None, trashed_at=None),
                name="todos_task_open",
            ),
            models.Index(
                "owner",
                "due_date",
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
            # Which zones a person's due times are fixed to; reminders to be sent;
            # what has been in the trash for long.
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
        # Not the title: this text reaches logs and the admin.
        return f"task {self.pk}"

    @property
    def is_completed(self) -> bool:
        return self.completed_at is not None


class TaskLabel(models.Model):
    """That a task carries a label; with the owner, so that both must be the same's."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "label"], name="todos_tasklabel_once"
            ),
        ]
        indexes = [models.Index("owner", "label", name="todos_tasklabel_owner_label")]

    def __str__(self) -> str:
        return f"label {self.label_id} on task {self.task_id}"


class Ledger(models.Model):
    """The number of a person's last change.

    Its row is the one lock of a person's data: who writes takes a number first, so a
    person's writes come one after the other, in the order of their numbers.
    """

    owner = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    last_seq = models.BigIntegerField(default=0)
    # The last number that is gone for its age: nobody can go on from before it.
    purged_seq = models.BigIntegerField(default=0, db_default=0)
    # Tasks and lists that batches have stored, those in the trash among them.
    stored = models.BigIntegerField(default=0, db_default=0)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ledger of user {self.owner_id}"


class ChangeQuerySet(OwnedQuerySet["Change"]):
    def of(self, entity: str, entity_id: Any) -> Self:
        """The history of one object, oldest first."""
        return self.filter(entity=entity, entity_id=entity_id).order_by("seq")


class Change(models.Model):
    """One entry of the ledger: what was done to one object, before and after.

    `before` and `after` hold the fields that the change touched, as in the API;
    `before` is null for what came to be, `after` for what was removed.
    """

    class Entity(models.TextChoices):
        TASK = "task"
        LIST = "list"
        LABEL = "label"

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        COMPLETED = "completed"
        REOPENED = "reopened"
        MOVED = "moved"
        TRASHED = "trashed"
        RESTORED = "restored"
        REMOVED = "removed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="changes", db_index=False
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    entity = models.CharField(max_length=8, choices=Entity.choices)
    entity_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    credential = models.CharField(max_length=80)
    batch = models.UUIDField()

    objects = ChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "seq"], name="todos_change_owner_seq"
            ),
        ]
        indexes = [
            models.Index("owner", "entity_id", "seq", name="todos_change_of_entity"),
            models.Index("owner", "batch", name="todos_change_of_batch"),
            models.Index("at", name="todos_change_at"),
        ]

    def __str__(self) -> str:
        return f"change {self.seq} of user {self.owner_id}"


class IdempotentAnswer(models.Model):
    """The answer to a request that its sender may repeat: an `Idempotency-Key`.

    `request_digest` tells another request under the same key from a repetition.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField()

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"], name="todos_idempotentanswer_once"
            ),
        ]
        indexes = [models.Index("created_at", name="todos_idempotentanswer_age")]

    def __str__(self) -> str:
        return f"answer {self.pk} for user {self.owner_id}"
