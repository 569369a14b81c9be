"""The properties of a task as forms of their own, which the details show."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms

from accounts.models import validate_timezone
from accounts.times import time_words
from config.text import TextFormField
from todos.limits import (
    LABEL_MAX_LENGTH,
    NOTES_MAX_LENGTH,
    TIMEZONE_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models import Task, label_key
from todos.pages.forms import (
    DATE_VALIDATORS,
    NO_SUCH_LIST,
    DateInput,
    LabelsField,
    ReminderField,
    TimeInput,
    Values,
    reminder_code,
    set_choices,
)
from todos.pages.property_form import PropertyForm
from todos.pages.rows import day_words, reminder_words


class LineField(TextFormField):
    """A text of one line, also if it was pasted with line ends."""

    def to_python(self, value: Any) -> Any:
        is_text = isinstance(value, str) and len(value) <= 8 * self.most
        return super().to_python(" ".join(value.splitlines()) if is_text else value)


class TitleForm(PropertyForm):
    name = "title"
    heading = "Title"
    columns = ("title",)
    members: ClassVar = {"title": "title"}
    joint = " / "

    title = LineField(
        max_length=TITLE_MAX_LENGTH,
        widget=forms.Textarea(
            attrs={"rows": 1, "dir": "auto", "data-line": True, "enterkeyhint": "done"}
        ),
        error_messages={"required": "A task needs a title."},
    )

    def saved_words(self, task: Task) -> str:
        return "Renamed"

    def now_words(self) -> str:
        return self.task.title


class NotesForm(PropertyForm):
    name = "notes"
    heading = "Notes"
    columns = ("notes",)
    members: ClassVar = {"notes": "notes"}
    joint = "\n\n"

    notes = TextFormField(
        multiline=True,
        max_length=NOTES_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )

    def saved_words(self, task: Task) -> str:
        return "Notes saved"

    def now_words(self) -> str:
        return self.task.notes


class DueForm(PropertyForm):
    """The due date with its time and zone."""

    name = "due"
    heading = "Due"
    columns = ("due_date", "due_time", "due_tz")
    members: ClassVar = {name: name for name in columns}

    due_date = forms.DateField(
        label="Due", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )
    due_time = forms.TimeField(label="Time", required=False, widget=TimeInput)
    due_tz = forms.CharField(
        label="Time zone",
        required=False,
        max_length=TIMEZONE_MAX_LENGTH,
        validators=[validate_timezone],
        widget=forms.Select,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["due_tz"].widget
        assert isinstance(zone, forms.Select)
        names = sorted({self.user.timezone, self.task.due_tz} - {""})
        always = [(name, f"Always {name}") for name in names]
        zone.choices = [("", "My time zone"), *always]

    def offer_all_zones(self) -> None:
        """Replace the select by a field for any zone, with suggestions."""
        attributes = {"list": "details-zones", "autocomplete": "off"}
        self.fields["due_tz"].widget = forms.TextInput(attributes)

    def as_changes(self) -> Values:
        changes = super().as_changes()
        day, at = changes["due_date"], changes["due_time"]
        if day is None and at is not None:
            if self.task.due_date is None or "due_time" in self.changed_data:
                changes["due_date"] = self._next(at, changes["due_tz"])
            else:  # the date was cleared, and the time belongs to it
                changes["due_time"] = None
        if changes["due_time"] is None and "due_tz" not in self.changed_data:
            changes["due_tz"] = ""
        return changes | self._without_reminder(changes)

    def _next(self, at: time, zone: str) -> date:
        """Return the day on which it is this time next, as quick add does."""
        shown = self.clock.now_in(ZoneInfo(zone) if zone else None)
        is_to_come = datetime.combine(shown.date(), at) > shown
        return shown.date() + timedelta(days=0 if is_to_come else 1)

    def _without_reminder(self, changes: Values) -> Values:
        """Return the changes that drop a reminder whose time or date was cleared."""
        task = self.task
        loses_time = task.reminder_minutes is not None and changes["due_time"] is None
        loses_date = task.reminder_time is not None and changes["due_date"] is None
        if not (loses_time or loses_date):
            return {}
        return {"reminder_minutes": None, "reminder_time": None}

    def saved_words(self, task: Task) -> str:
        due = self._words(task)
        text = f"Due {due}" if due else "Due date removed"
        had = self.task.reminder_minutes, self.task.reminder_time
        lost = had != (None, None) and had != (
            task.reminder_minutes,
            task.reminder_time,
        )
        return f"{text}, without the reminder" if lost else text

    def now_words(self) -> str:
        return self._words(self.task) or "No due date"

    def _words(self, task: Task) -> str:
        return due_words(task, today=self.clock.today, time_format=self.user.clock)


def due_words(task: Task, *, today: date, time_format: str) -> str:
    """Return when a task is due: `Fri 27 Nov, 09:00 (Asia/Tokyo)`."""
    at = time_words(task.due_time, time_format) if task.due_time else ""
    day = day_words(task.due_date, today=today) if task.due_date else ""
    zone = f"({task.due_tz})" if task.due_tz else ""
    return ", ".join(filter(None, [day, f"{at} {zone}".strip()]))


class StartForm(PropertyForm):
    name = "start"
    heading = "Start"
    columns = ("start_date",)
    members: ClassVar = {"start_date": "start_date"}

    start_date = forms.DateField(
        label="Start", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )

    def saved_words(self, task: Task) -> str:
        return (
            f"Starts {self._words(task)}" if task.start_date else "Start date removed"
        )

    def now_words(self) -> str:
        return self._words(self.task) or "No start date"

    def _words(self, task: Task) -> str:
        day = task.start_date
        return day_words(day, today=self.clock.today) if day else ""


class ReminderForm(PropertyForm):
    name = "reminder"
    heading = "Reminder"
    columns = ("reminder_minutes", "reminder_time")
    members: ClassVar = {"reminder": "reminder"}

    reminder = ReminderField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reminder"]
        assert isinstance(field, ReminderField)
        field.offer(self.task.reminder_minutes, self.task.reminder_time)

    def values_of(self, task: Task) -> Values:
        return {"reminder": reminder_code(task.reminder_minutes, task.reminder_time)}

    def as_changes(self) -> Values:
        minutes, at = self.cleaned_data["reminder"]
        return {"reminder_minutes": minutes, "reminder_time": at}

    def saved_words(self, task: Task) -> str:
        words = self._words(task)
        return f"Reminder {_lower(words)}" if words else "Reminder removed"

    def now_words(self) -> str:
        return self._words(self.task) or "Never"

    def _words(self, task: Task) -> str:
        clock = self.user.clock
        return reminder_words(task.reminder_minutes, task.reminder_time, clock)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


class PriorityForm(PropertyForm):
    name = "priority"
    heading = "Priority"
    columns = ("priority",)
    members: ClassVar = {"priority": "priority"}

    priority = forms.TypedChoiceField(
        choices=Task.Priority.choices,
        coerce=int,
        error_messages={
            "required": "Choose one of the priorities.",
            "invalid_choice": "Choose one of the priorities.",
        },
    )

    def saved_words(self, task: Task) -> str:
        return f"Priority {_lower(task.get_priority_display())}"

    def now_words(self) -> str:
        return self.task.get_priority_display()


class PlaceForm(PropertyForm):
    """The list of a task; a step is in the list of its task."""

    name = "list"
    heading = "List"
    columns = ("list_id",)
    members: ClassVar = {"list": "list"}

    list = forms.TypedChoiceField(
        coerce=UUID,
        error_messages={"required": NO_SUCH_LIST, "invalid_choice": NO_SUCH_LIST},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(str(row.pk), row.name) for row in self.lists]
        set_choices(self.fields["list"], names)

    def values_of(self, task: Task) -> Values:
        return {"list": str(task.list_id)}

    def as_changes(self) -> Values:
        return {"list_id": self.cleaned_data["list"]}

    def saved_words(self, task: Task) -> str:
        return f"Moved to {self._name(task.list_id)}"

    def now_words(self) -> str:
        return self._name(self.task.list_id)

    def _name(self, list_id: UUID) -> str:
        names = {row.pk: row.name for row in self.lists}
        return names.get(list_id, "another list")


class ParentForm(PropertyForm):
    """The task that a step belongs to; without one, it becomes a task."""

    name = "parent"
    heading = "Step of"
    columns = ("parent_id",)
    members: ClassVar = {"parent": "parent"}

    parent = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def values_of(self, task: Task) -> Values:
        return {"parent": task.parent_id}

    def as_changes(self) -> Values:
        return {"parent_id": self.cleaned_data["parent"]}

    def saved_words(self, task: Task) -> str:
        return "Turned into a step" if task.parent_id else "Turned into a task"

    def now_words(self) -> str:
        return "A step" if self.task.parent_id else "A task"


class LabelsForm(PropertyForm):
    """Labels to add to a task, or one to remove from it.

    Both apply to the labels that the task has when they are saved, so they never
    conflict with labels that were set elsewhere.
    """

    name = "labels"
    heading = "Labels"
    columns = ()
    members: ClassVar = {"add": "labels", "remove": "labels"}

    add = LabelsField(
        label="Add a label",
        required=False,
        widget=forms.TextInput(
            attrs={
                "dir": "auto",
                "list": "details-labels",
                "placeholder": "Add a label",
                "autocomplete": "off",
            }
        ),
    )
    remove = TextFormField(max_length=LABEL_MAX_LENGTH, required=False)

    def values_of(self, task: Task) -> Values:
        return {}

    def as_changes(self) -> Values:
        gone = label_key(self.cleaned_data["remove"])
        kept = [name for name in self.task.label_names if label_key(name) != gone]
        return {"labels": [*kept, *self.cleaned_data["add"]]}

    def differs(self) -> bool:
        return True

    def saved_words(self, task: Task) -> str:
        removed = self.cleaned_data["remove"]
        return f"Label {removed} removed" if removed else "Label added"

    def now_words(self) -> str:
        return ", ".join(self.task.label_names)
