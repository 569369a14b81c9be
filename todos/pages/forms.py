"""The forms of the pages. They check and word; what they mean is up to the actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from config.text import TextFormField, clean_text
from todos.models import (
    LABELS_MAX,
    NOTES_MAX_LENGTH,
    TITLE_MAX_LENGTH,
    Colour,
    Task,
    TaskList,
    label_key,
)
from todos.pages.rows import repeat_words
from todos.schedule.days import FIRST_DATE, LAST_DATE

NO_SUCH_LIST = "There is no such list."
RULES = ("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY")
NAME_MAX_LENGTH, KEY_MAX_LENGTH = 50, 100  # of a label
LABELS_MAX_LENGTH = LABELS_MAX * (NAME_MAX_LENGTH + len(", "))
# Where the actions name a thing otherwise than the form.
FIELD_OF = {"recurrence": "repeat", "due_tz": "due_time"}


class ActionForm(forms.Form):
    """A form whose last word is an action's."""

    required_css_class = "required"

    def take_errors(self, error: ValidationError) -> None:
        """Show what an action refused beside the fields it is about."""
        by_field = getattr(error, "error_dict", {"": [error]})
        for name, errors in by_field.items():
            field = FIELD_OF.get(name, name)
            self.add_error(field if field in self.fields else None, errors)


class LabelsField(forms.Field):
    """Names with commas between them."""

    def to_python(self, value: Any) -> list[str]:
        text = clean_text(value or "", most=LABELS_MAX_LENGTH)
        names = {
            label_key(name): name for part in text.split(",") if (name := part.strip())
        }
        return list(names.values())

    def validate(self, value: list[str]) -> None:
        if len(value) > LABELS_MAX:
            raise ValidationError(f"Use at most {LABELS_MAX} labels.")
        for name in value:
            if len(name) > NAME_MAX_LENGTH or len(label_key(name)) > KEY_MAX_LENGTH:
                raise ValidationError(
                    f"A label has at most {NAME_MAX_LENGTH} characters."
                )

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what was shown with what came back, both as texts."""
        return bool((initial or "") != (data or ""))


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class TaskForm(ActionForm):
    """A task as a person writes it. `lists` are the ones that are offered."""

    title = TextFormField(max_length=TITLE_MAX_LENGTH)
    notes = TextFormField(
        multiline=True,
        max_length=NOTES_MAX_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    list = forms.TypedChoiceField(
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NO_SUCH_LIST},
    )
    priority = forms.TypedChoiceField(
        choices=Task.Priority.choices,
        coerce=int,
        empty_value=Task.Priority.MEDIUM.value,  # type: ignore[arg-type]
        initial=Task.Priority.MEDIUM.value,
        required=False,
        error_messages={"invalid_choice": "Choose one of the priorities."},
    )
    due_date = forms.DateField(
        required=False,
        widget=DateInput,
        validators=[
            MinValueValidator(FIRST_DATE, f"Write a date from {FIRST_DATE} on."),
            MaxValueValidator(LAST_DATE, f"Write a date up to {LAST_DATE}."),
        ],
    )
    due_time = forms.TimeField(required=False, widget=TimeInput)
    repeat = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "Choose how often it repeats."},
    )
    labels = LabelsField(required=False, help_text="With commas between them.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        lists: Iterable[TaskList],
        task: Task | None = None,
        **kwargs: Any,
    ) -> None:
        if task is not None:
            kwargs["initial"] = _values_of(task)
        super().__init__(*args, **kwargs)
        self.task = task
        self.fields["list"].choices = [  # type: ignore[attr-defined]
            (str(row.pk), row.name) for row in lists
        ]
        rules = RULES if task is None or not task.rrule else (*RULES, task.rrule)
        self.fields["repeat"].choices = [  # type: ignore[attr-defined]
            ("", "Never"),
            *((rule, repeat_words(rule)) for rule in dict.fromkeys(rules)),
        ]
        if task is None:
            del self.fields["version"]
        elif task.parent_id:
            del self.fields["list"]  # a step is where its task is
        if task is not None and task.due_tz:
            self.fields["due_time"].help_text = f"In {task.due_tz}"

    def as_changes(self) -> dict[str, Any]:
        """Return what was written in the words of the actions."""
        changes = dict(self.cleaned_data)
        changes.pop("version", None)
        changes["rrule"] = changes.pop("repeat")
        if list_id := changes.pop("list", None):
            changes["list_id"] = list_id
        if changes["due_time"] is None:
            changes["due_tz"] = ""
        # Unless edited: a label made elsewhere may have a comma in its name.
        if "labels" not in self.changed_data:
            del changes["labels"]
        return changes

    def show_conflict(self, version: int) -> None:
        """Say that the task has changed meanwhile; sending again overrules that."""
        self.data = {**self.data.dict(), "version": str(version)}  # type: ignore[attr-defined]
        self.add_error(
            None,
            "This task was changed elsewhere since you opened it."
            " Save again to keep what you wrote.",
        )


def _values_of(task: Task) -> dict[str, Any]:
    return {
        "title": task.title,
        "notes": task.notes,
        "list": str(task.list_id),
        "priority": task.priority,
        "due_date": task.due_date,
        "due_time": task.due_time,
        "repeat": task.rrule,
        "labels": ", ".join(task.label_names),  # type: ignore[attr-defined]
        "version": task.version,
    }


class ListForm(ActionForm):
    """The name and the colour of a list."""

    name = TextFormField(max_length=100)
    colour = forms.ChoiceField(
        choices=Colour.choices, initial=Colour.GREY, widget=forms.RadioSelect
    )


class ListDeleteForm(ActionForm):
    """Where the tasks of a deleted list go."""

    move_to = forms.TypedChoiceField(
        label="What happens to its tasks",
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NO_SUCH_LIST},
    )

    def __init__(self, *args: Any, lists: Iterable[TaskList], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["move_to"].choices = [  # type: ignore[attr-defined]
            ("", "They go to the trash"),
            *((str(row.pk), f"They move to {row.name}") for row in lists),
        ]
