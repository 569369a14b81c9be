"""The forms of personal access tokens: what a new one may do, and what to undo."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import TOKEN_NAME_MAX_LENGTH
from accounts.personal_tokens import MAX_DAYS, Limits
from config.api.scopes import SCOPES
from config.text import TextFormField
from todos.schedule.days import DAY, Clock
from todos.schedule.instants import instant_of

UNTIL = "date"
LIFETIMES = (
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    (UNTIL, "Until a date"),
)
ALL, SOME = "all", "some"
SINCE = (
    ("1", "the last hour"),
    ("24", "the last 24 hours"),
    ("168", "the last 7 days"),
    ("all", "everything it did"),
)


class TokenForm(forms.Form):
    """A new token: its purpose, its rights, and when it ends."""

    name = TextFormField(
        label="Name",
        max_length=TOKEN_NAME_MAX_LENGTH,
        help_text="What it is for, such as “Backup script”.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=list(SCOPES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what the token may do."},
    )
    reach = forms.ChoiceField(
        label="In which lists",
        choices=((ALL, "All lists"), (SOME, "Only the lists that I choose")),
        widget=forms.RadioSelect,
        initial=ALL,
    )
    lists = forms.TypedMultipleChoiceField(
        label="Lists",
        coerce=UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(label="It ends after", choices=LIFETIMES, initial="30")
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only for “Until a date”: at most a year ahead.",
    )
    # A form that is sent again creates no second token.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self, *args: Any, clock: Clock, lists: list[tuple[UUID, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock
        field = self.fields["lists"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(str(key), name) for key, name in lists]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        chosen = values.get("lists", [])
        if values.get("reach") == SOME and not chosen and "lists" not in self.errors:
            self.add_error("lists", "Choose at least one list.")
        if values.get("reach") == ALL and chosen:
            # Taking one of the two for granted could grant more than was meant.
            self.add_error(
                "reach", "Choose “Only the lists that I choose”, or uncheck the lists."
            )
        if values.get("lifetime") == UNTIL and "until" not in self.errors:
            self._check_day(values.get("until"))
        return values

    def _check_day(self, until: date | None) -> None:
        today = self._clock.today
        if until is None:
            self.add_error("until", "Enter the last day.")
        elif not today <= until < today + MAX_DAYS * DAY - DAY:
            self.add_error("until", "Enter a day from today to a year ahead.")

    def limits(self, *, at: datetime) -> Limits:
        """Return what the valid input permits."""
        values = self.cleaned_data
        if values["lifetime"] == UNTIL:
            ends = instant_of(values["until"] + DAY, time(0), self._clock.zone)
        else:
            ends = at + timedelta(days=int(values["lifetime"]))
        some = values["reach"] == SOME
        return Limits(values["scopes"], ends, values["lists"] if some else None)


class RightsForm(forms.Form):
    """Which of its rights a token keeps."""

    scopes = forms.MultipleChoiceField(
        label="It may still",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Leave it at least one right. To end it, revoke it."
        },
    )

    def __init__(self, *args: Any, scopes: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, text) for key, text in SCOPES.items() if key in scopes]


class UndoForm(forms.Form):
    """Since when to undo what a token did."""

    since = forms.ChoiceField(label="Undo", choices=SINCE, initial="24")
    # The changes that an earlier request did not come to.
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    def start(self, *, created_at: datetime, now: datetime) -> datetime:
        """Return the time since which to undo."""
        since = self.cleaned_data["since"]
        return created_at if since == "all" else now - timedelta(hours=int(since))


def refuse(form: forms.Form, text: str) -> None:
    """Show an error above the form."""
    form.add_error(None, ValidationError(text))
