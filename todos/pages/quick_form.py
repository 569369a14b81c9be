"""The form of quick add: lines of text, and what the page and the user add to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from todos.actions import AccountFull
from todos.actions.quick_lines import LINES_MAX, Defaults, Options
from todos.limits import LINES_MAX_LENGTH
from todos.pages.forms import DATE_VALIDATORS, NO_SUCH_LIST, ActionForm
from todos.schedule.quick_add import lines_of

PART_MAX_LENGTH = 1000
# What sending the form again does after its default was refused.
INSTEAD = {
    "list": "Add again to use the Inbox.",
    "label": "Add again to use no label.",
    "due_date": "Add again to use no date.",
}


class Given(Options):
    """The arguments of `actions.quick_add`."""

    text: str


class TextsField(forms.Field):
    """The values of hidden inputs that have one name."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: list[str] | None) -> list[str]:
        texts = value or []
        if len(texts) > LINES_MAX or any(len(t) > PART_MAX_LENGTH for t in texts):
            raise ValidationError("There are too many parts.")
        return texts


class QuickForm(ActionForm):
    """Lines of text, with the defaults of the page and the choices of the preview.

    `literal` are texts of parts that stay in the title, `new_list` are names of lists
    to create, and with `as_text` the whole line is the title.
    """

    text = forms.CharField(
        max_length=LINES_MAX_LENGTH,
        strip=False,
        error_messages={
            "required": "Write what there is to do.",
            "max_length": f"Use at most {LINES_MAX_LENGTH:,} characters.",
        },
    )
    list = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": NO_SUCH_LIST},
    )
    label = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": "There is no such label."},
    )
    due_date = forms.DateField(
        required=False, widget=forms.HiddenInput, validators=DATE_VALIDATORS
    )
    literal = TextsField(required=False)
    new_list = TextsField(required=False)
    as_text = forms.BooleanField(required=False, widget=forms.HiddenInput)

    status = 422  # of the response, if the form has errors

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It is on every page, where other forms have fields of the same names.
        super().__init__(*args, **{"auto_id": "quick-%s", **kwargs})

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not lines_of(text):
            raise ValidationError(self.fields["text"].error_messages["required"])
        return text

    def as_input(self) -> Given:
        """Return the arguments for the actions of quick add."""
        given = self.cleaned_data
        return {
            "text": given["text"],
            "kept": given["literal"],
            "as_text": given["as_text"],
            "new_lists": given["new_list"],
            "defaults": Defaults(
                list_id=given["list"],
                label_id=given["label"],
                due_date=given["due_date"],
            ),
        }

    @property
    def has_lines(self) -> bool:
        """Whether the text needs a field for several lines."""
        return len(lines_of(self["text"].value() or "")) > 1

    @property
    def messages(self) -> tuple[str, ...]:
        """All errors of the form, to be shown below its only visible field."""
        return tuple(str(one) for errors in self.errors.values() for one in errors)

    def take_errors(self, error: ValidationError | AccountFull) -> None:
        if isinstance(error, AccountFull):
            self.status = 409
        super().take_errors(error)

    def drop_refused_defaults(self) -> None:
        """Remove the defaults with errors, so that the form can be sent again."""
        refused = [name for name in INSTEAD if name in self.errors]
        if not refused:
            return
        assert isinstance(self.data, QueryDict)
        self.data = self.data.copy()
        for name in refused:
            self.data[name] = ""
            self.add_error(name, INSTEAD[name])
