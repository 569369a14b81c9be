"""Requests and responses of the task endpoints."""

from __future__ import annotations

from datetime import time
from typing import Any

from rest_framework import serializers

from accounts.models import validate_timezone
from config.api.conditional import etag
from config.api.fields import (
    BoundedListField,
    ExactlyOneField,
    FieldsQuerySerializer,
    WholeNumberField,
)
from config.api.pagination import cursor_field, page_size_field
from config.text import TextField
from todos.api.serializers.fields import (
    Body,
    BoundedDateField,
    Columns,
    LocalTimeField,
    represent_clock,
)
from todos.limits import (
    LABEL_MAX_LENGTH,
    LABELS_MAX,
    NOTES_MAX_LENGTH,
    PRIORITY_MAX,
    PRIORITY_MIN,
    REMINDER_MINUTES_MAX,
    RULE_MAX_LENGTH,
    SEARCH_MAX_LENGTH,
    STEPS_MAX,
    TIMEZONE_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models import Task
from todos.schedule.days import FIRST_DATE, LAST_DATE
from todos.schedule.wording import rule_words

FILTERS_MAX = 100  # values of one repeated query parameter


def represent_reminder(minutes: int | None, at: time | None) -> Body | None:
    """Return a reminder as v1 shows it, from its two columns."""
    if minutes is not None:
        return {"minutes_before": minutes}
    return {"time": represent_clock(at)} if at else None


def represent_rule(rrule: str, anchor: str) -> Body:
    """Return a rule as v1 shows it, with its words."""
    from_completion = anchor == Task.Anchor.COMPLETION.value
    words = rule_words(rrule, from_completion=from_completion)
    return {"rrule": rrule, "anchor": anchor, "text": words}


def _empty() -> list[object]:
    """Return the default of a list field.

    A class with a field `list` cannot name the type itself.
    """
    return []


class RecurrenceSerializer(serializers.Serializer[None]):
    """How a task repeats."""

    default_error_messages = {"invalid": "Must be an object with a rule as `rrule`."}

    rrule = serializers.CharField(
        max_length=RULE_MAX_LENGTH,
        help_text="A recurrence rule of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO`.",
    )
    anchor = serializers.ChoiceField(
        Task.Anchor.choices,
        default=Task.Anchor.DUE,
        help_text="Whether the next occurrence counts from the due date or completion.",
    )
    text = serializers.CharField(
        read_only=True, help_text="The rule in words, in English."
    )

    def to_internal_value(self, data: object) -> dict[str, object]:
        """Require the whole rule even in a PATCH, which replaces it as one value.

        REST framework would validate it as partial, like the body around it.
        """
        values: dict[str, object] = super().to_internal_value(data)
        if "rrule" not in values:
            raise serializers.ValidationError({"rrule": ["This field is required."]})
        return {"anchor": Task.Anchor.DUE} | values


class ReminderSerializer(ExactlyOneField):
    """When to be reminded: minutes before the due time, or at a time on the due date.

    Exactly one of the two.
    """

    minutes_before = WholeNumberField(
        min_value=0,
        max_value=REMINDER_MINUTES_MAX,
        required=False,
        help_text="Minutes before the due time, at most four weeks.",
    )
    time = LocalTimeField(required=False, help_text="Local time on the due date.")


class TaskSerializer(serializers.Serializer[Task]):
    """A task. Fields missing from a full body take their defaults."""

    id = serializers.UUIDField(read_only=True)
    list = serializers.UUIDField(
        required=False, help_text="The id of its list; by default the inbox."
    )
    parent = serializers.UUIDField(  # type: ignore[assignment]  # no clash: a field
        allow_null=True,
        default=None,
        help_text="The task that this is a step of. A task can have at most"
        f" {STEPS_MAX} steps, not counting completed steps that repeat.",
    )
    title = TextField(max_length=TITLE_MAX_LENGTH)
    notes = TextField(
        multiline=True,
        max_length=NOTES_MAX_LENGTH,
        allow_blank=True,
        default="",
        help_text="Markdown.",
    )
    priority = WholeNumberField(
        min_value=PRIORITY_MIN,
        max_value=PRIORITY_MAX,
        default=Task.Priority.MEDIUM,
        help_text="1 urgent, 2 high, 3 medium, 4 low.",
    )
    due_date = BoundedDateField(
        allow_null=True, default=None, help_text=f"From {FIRST_DATE} to {LAST_DATE}."
    )
    due_time = LocalTimeField(
        allow_null=True, default=None, help_text="Local time; requires a due date."
    )
    due_tz = TextField(
        max_length=TIMEZONE_MAX_LENGTH,
        allow_null=True,
        default=None,
        validators=[validate_timezone],
        help_text="The IANA time zone of the time; by default the user's.",
    )
    start_date = BoundedDateField(
        allow_null=True, default=None, help_text=f"From {FIRST_DATE} to {LAST_DATE}."
    )
    recurrence = RecurrenceSerializer(allow_null=True, default=None)
    reminder = ReminderSerializer(allow_null=True, default=None)
    labels = BoundedListField(
        child=TextField(max_length=LABEL_MAX_LENGTH),
        max_length=LABELS_MAX,
        default=_empty,
        help_text="Names; unknown labels are created.",
    )
    position = serializers.IntegerField(
        read_only=True, help_text="Manual sort position; lower comes first."
    )
    series = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        help_text="Shared by all occurrences of a repeating task.",
    )
    completed_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null while the task is open."
    )
    trashed_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null outside the trash."
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    version = serializers.IntegerField(
        read_only=True, min_value=1, help_text="Incremented by every change."
    )
    steps_total = serializers.IntegerField(read_only=True, min_value=0)
    steps_done = serializers.IntegerField(read_only=True, min_value=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the body as the actions take it: by columns."""
        changes = dict(attrs)
        for name in ("list", "parent"):
            if name in changes:
                changes[f"{name}_id"] = changes.pop(name)
        if changes.get("due_tz", "") is None:
            changes["due_tz"] = ""
        if "recurrence" in changes:
            rule = changes.pop("recurrence") or {"rrule": "", "anchor": ""}
            changes |= {"rrule": rule["rrule"], "rrule_anchor": rule["anchor"]}
        if "reminder" in changes:
            reminder = changes.pop("reminder") or {}
            changes["reminder_minutes"] = reminder.get("minutes_before")
            changes["reminder_time"] = reminder.get("time")
        return changes


def represent_task(row: Columns) -> Body:
    """Return a task as v1 shows it, from its columns by name.

    Takes a row of `.values(*SHOWN_COLUMNS)`, or `vars()` of an instance: the names are
    the same. Written out because lists are most of what the API does: a serializer, or
    a loop over the description, takes longer for each row.
    """
    due_time = row["due_time"]
    rrule = row["rrule"]
    minutes, at = row["reminder_minutes"], row["reminder_time"]
    has_reminder = minutes is not None or at is not None
    return {
        "id": row["id"],
        "list": row["list_id"],
        "parent": row["parent_id"],
        "title": row["title"],
        "notes": row["notes"],
        "priority": row["priority"],
        "due_date": row["due_date"],
        "due_time": due_time and represent_clock(due_time),
        "due_tz": row["due_tz"] or None,
        "start_date": row["start_date"],
        "recurrence": represent_rule(rrule, row["rrule_anchor"]) if rrule else None,
        "reminder": represent_reminder(minutes, at) if has_reminder else None,
        "labels": row["label_names"],
        "position": row["position"],
        "series": row["series"],
        "completed_at": row["completed_at"],
        "trashed_at": row["trashed_at"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "version": row["version"],
        "steps_total": row["steps_total"],
        "steps_done": row["steps_done"],
    }


def task_tag(row: Columns) -> str:
    """Return the entity tag of a task as `represent_task` shows it."""
    return etag(row["version"], row["steps_total"], row["steps_done"])


class CompletedTaskSerializer(TaskSerializer):
    """A completed task, and the next occurrence of its series."""

    never_null_in_response = ("completed_at",)

    next = TaskSerializer(
        read_only=True,
        allow_null=True,
        help_text="Null if there is no next occurrence.",
    )


class TaskPageSerializer(serializers.Serializer[None]):
    """A page of tasks; `next` and `previous` are the URLs of the adjacent pages."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = TaskSerializer(many=True, read_only=True)


class TaskDetailQuerySerializer(FieldsQuerySerializer):
    """Query parameters of `GET tasks/{id}`."""

    shows = TaskSerializer


class TaskDeletionSerializer(serializers.Serializer[None]):
    """Query parameters of `DELETE tasks/{id}`."""

    permanent = serializers.BooleanField(
        default=False, help_text="Permanently delete a task that is in the trash."
    )


class TaskQuerySerializer(TaskDetailQuerySerializer):
    """Query parameters of `GET tasks`."""

    ORDERINGS = (
        "due_date",
        "priority",
        "title",
        "position",
        "created_at",
        "updated_at",
        "completed_at",
    )
    VIEWS = (
        "inbox",
        "today",
        "overdue",
        "upcoming",
        "open",
        "completed",
        "trash",
        "all",
    )

    view = serializers.ChoiceField(
        VIEWS,
        default="open",
        help_text="Which tasks: `open` excludes archived lists, `today` is overdue or"
        " due today, `all` is everything except the trash.",
    )
    # Each label adds a condition to the query, and databases limit these.
    list = BoundedListField(
        child=serializers.UUIDField(),
        max_length=FILTERS_MAX,
        default=_empty,
        help_text="The id of a list. Repeat it for tasks in any of several lists.",
    )
    label = BoundedListField(  # type: ignore[assignment]
        child=TextField(max_length=LABEL_MAX_LENGTH),
        max_length=LABELS_MAX,
        default=_empty,
        help_text="The name of a label. Repeat it for tasks that have all of them.",
    )
    priority = serializers.IntegerField(
        min_value=PRIORITY_MIN,
        max_value=PRIORITY_MAX,
        default=None,
        help_text="Only tasks of this priority.",
    )
    parent = serializers.UUIDField(  # type: ignore[assignment]
        default=None, help_text="Only the steps of this task."
    )
    due_after = BoundedDateField(default=None, help_text="Due on this day or later.")
    due_before = BoundedDateField(default=None, help_text="Due before this day.")
    q = TextField(
        max_length=SEARCH_MAX_LENGTH,
        default="",
        allow_blank=True,
        help_text="Words in title or notes. All must match, ignoring case and accents.",
    )
    ordering = serializers.ChoiceField(
        [*ORDERINGS, *(f"-{name}" for name in ORDERINGS)],
        default="position",
        help_text="Sort field; prefix `-` to reverse. Tasks without a value come last.",
    )
    page_size = page_size_field("Number of tasks per page.")
    cursor = cursor_field()
