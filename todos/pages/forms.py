"""The forms of the pages. They validate the input and pass it on to the actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict

from config.text import TextFormField, clean_text, shows_nothing
from todos.actions import AccountFull
from todos.limits import (
    LABEL_KEY_MAX_LENGTH,
    LABEL_MAX_LENGTH,
    LABELS_MAX,
    LIST_NAME_MAX_LENGTH,
    NOTES_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models import Colour, TaskList, label_key, names_by_key
from todos.pages.rows import reminder_words
from todos.schedule.days import FIRST_DATE, LAST_DATE

NO_SUCH_LIST = "There is no such list."
LINE_MAX_LENGTH = 2 * TITLE_MAX_LENGTH  # a title, and what the line says besides
LABELS_MAX_LENGTH = LABELS_MAX * (LABEL_MAX_LENGTH + len(", "))
DATE_VALIDATORS = [
    MinValueValidator(FIRST_DATE, f"Enter a date from {FIRST_DATE}."),
    MaxValueValidator(LAST_DATE, f"Enter a date until {LAST_DATE}."),
]
# The fields that have another name in the actions than in the form.
FIELD_OF = {
    "recurrence": "repeat",
    "due_tz": "due_time",
    "defaults.list": "list",
    "defaults.label": "label",
    "new_lists": "new_list",
}


Values = dict[str, Any]  # by the name of a field


class ActionForm(forms.Form):
    """A form whose input goes to an action, which validates it too."""

    required_css_class = "required"

    def as_changes(self) -> Values:
        """Return the input as arguments for an action."""
        return dict(self.cleaned_data)

    def take_errors(self, error: ValidationError | AccountFull) -> None:
        """Show the errors of an action at the fields that they concern."""
        if isinstance(error, AccountFull):
            self.add_error(None, str(error))
            return
        by_field = getattr(error, "error_dict", {"": [error]})
        for name, errors in by_field.items():
            field = FIELD_OF.get(name, name)
            self.add_error(field if field in self.fields else None, errors)


class EditForm(ActionForm):
    """The form of an object that can be put into the trash while the form is open."""

    noun: ClassVar[str]
    restore = forms.BooleanField(required=False, widget=forms.HiddenInput)

    @property
    def restores(self) -> bool:
        """Whether the form was sent again after `show_in_trash`."""
        return self.is_bound and bool(self.data.get("restore"))

    def show_in_trash(self, version: int) -> None:
        """Explain that the object is in the trash. Sending again restores it.

        Putting it there has incremented its version once.
        """
        seen = str(self.data.get("version") or version - 1)
        also = "" if seen == str(version - 1) else "changed elsewhere and "
        self.send_along("restore", "on")
        self.send_along("version", str(version))
        self.add_error(
            None,
            f"This {self.noun} was {also}moved to the trash after you opened it."
            " Save again to restore it with your changes.",
        )

    def send_along(self, name: str, value: str) -> None:
        """Add a value to the form for when it is sent again."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data[name] = value
        self.data = data

    def as_changes(self) -> Values:
        changes = super().as_changes()
        del changes["restore"]
        return changes


class LabelsField(forms.Field):
    """The names of labels, separated by commas."""

    def to_python(self, value: str | None) -> list[str]:
        text = clean_text(value or "", most=LABELS_MAX_LENGTH)
        parts = (part.strip() for part in text.split(",") if not shows_nothing(part))
        return [*names_by_key(parts).values()]

    def validate(self, value: list[str]) -> None:
        if len(value) > LABELS_MAX:
            raise ValidationError(f"Use at most {LABELS_MAX} labels.")
        for name in value:
            if (
                len(name) > LABEL_MAX_LENGTH
                or len(label_key(name)) > LABEL_KEY_MAX_LENGTH
            ):
                raise ValidationError(
                    f"Use at most {LABEL_MAX_LENGTH} characters in a label."
                )

    def has_changed(self, initial: object, data: object) -> bool:
        """Compare both as texts, before they are split into names."""
        return (initial or "") != (data or "")


class ReminderField(forms.ChoiceField):
    """When to send a reminder: minutes before the due time, or at a time of day.

    The value is `(minutes, time)`, with at least one of them None. The choices are
    common reminders and the current one of the task.
    """

    COMMON = (0, 10, 30, 60, 24 * 60)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            error_messages={"invalid_choice": "Choose one of the reminders."},
            **kwargs,
        )
        self.offer(None, None)

    def offer(self, minutes: int | None, at: time | None) -> None:
        """Offer the common reminders and this one."""
        before = sorted({*self.COMMON, *([] if minutes is None else [minutes])})
        at_times = sorted({time(9), *([at] if at else [])})
        offered = [*((m, None) for m in before), *((None, t) for t in at_times)]
        self.choices = [
            ("", "Never"),
            *((reminder_code(*one), reminder_words(*one)) for one in offered),
        ]

    def clean(self, value: object) -> tuple[int | None, time | None]:
        return _read_reminder(super().clean(value))


def reminder_code(minutes: int | None, at: time | None) -> str:
    """Return a reminder as the value of a choice."""
    if minutes is not None:
        return str(minutes)
    return at.isoformat() if at else ""


def _read_reminder(code: str) -> tuple[int | None, time | None]:
    if code.isdigit():
        return int(code), None
    return None, time.fromisoformat(code) if code else None


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def format_value(self, value: object) -> str | None:
        """Show seconds only if there are any, which only API clients set."""
        if isinstance(value, time):
            return value.isoformat("seconds" if value.second else "minutes")
        return super().format_value(value)


class NewTaskForm(ActionForm):
    """The texts of a new task, for what was written for a deleted one."""

    title = TextFormField(max_length=TITLE_MAX_LENGTH)
    notes = TextFormField(
        multiline=True,
        max_length=NOTES_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class StepForm(ActionForm):
    """One line: the title of a step, with a date or other settings."""

    text = TextFormField(
        label="Add a step",
        max_length=LINE_MAX_LENGTH,
        error_messages={"required": "Write what to do."},
        widget=forms.TextInput(
            attrs={
                "id": "details-step",
                "data-key": "s",
                "data-clear": True,
                "dir": "auto",
                "placeholder": "Add a step",
                "autocomplete": "off",
                "enterkeyhint": "done",
            }
        ),
    )


class ListForm(EditForm):
    """The name and the colour of a list."""

    noun = "list"
    name = TextFormField(max_length=LIST_NAME_MAX_LENGTH)
    colour = forms.ChoiceField(
        choices=Colour.choices, initial=Colour.GREY, widget=forms.RadioSelect
    )
    # The name that another list has too, in the form that the user was asked about.
    same_name = forms.CharField(required=False, widget=forms.HiddenInput)

    def repeats(self, others: Iterable[TaskList]) -> bool:
        """Show an error if another list has the name; sending again overrides it.

        Quick add finds a list by its name, without regard to case.
        """
        key = label_key(self.cleaned_data["name"])
        same = next((row for row in others if label_key(row.name) == key), None)
        if same is None or self.cleaned_data["same_name"] == key:
            return False
        self.send_along("same_name", key)
        text = (
            f"There is already a list named {same.name}."
            " Choose another name, or save again to have two."
        )
        self.add_error("name", text)
        return True

    def as_changes(self) -> Values:
        changes = super().as_changes()
        del changes["same_name"]
        return changes


class ListDeleteForm(ActionForm):
    """Where the tasks of a deleted list go."""

    move_to = forms.TypedChoiceField(
        label="Tasks in this list",
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NO_SUCH_LIST},
    )

    def __init__(self, *args: Any, lists: Iterable[TaskList], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(row.pk), f"Move to {row.name}") for row in lists]
        set_choices(self.fields["move_to"], [("", "Move to the trash"), *choices])


def set_choices(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    """Set the choices of a field that was declared without them."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
