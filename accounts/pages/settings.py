"""The page of the settings: how tasks are shown, and whether reminders are mailed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BoundField
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone
from django.views.generic import UpdateView

from accounts.authentication import user_of
from accounts.models import User
from accounts.times import time_words
from accounts.zones import MAX_LENGTH as ZONE_MAX_LENGTH
from accounts.zones import common_zones, zone_named
from config.drafts import KeepsDraft
from config.text import TextFormField

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[User]
    UserUpdateView = UpdateView[User, "SettingsForm"]
else:
    ModelForm = forms.ModelForm
    UserUpdateView = UpdateView


class ZoneField(TextFormField):
    """A time zone, written as its name, a city or a country.

    The template has the list `zones`, from which the browser suggests while one writes.
    """

    def __init__(self) -> None:
        super().__init__(max_length=ZONE_MAX_LENGTH, label="Time zone")
        self.widget.attrs |= {
            "list": "zones",
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
        }

    def clean(self, value: Any) -> str:
        return zone_named(super().clean(value))


class SettingsForm(ModelForm):
    """The settings of a user, in the groups of the page."""

    instance: User
    display_name = TextFormField(
        max_length=100,
        required=False,
        label="Your name",
        help_text="Only you can see it.",
    )
    timezone = ZoneField()
    day_start = forms.TypedChoiceField(
        coerce=int,
        label="Day starts at",
        help_text="Before this time, Today still shows the previous day.",
    )

    GROUPS = (
        ("You", ("display_name",)),
        ("Time", ("timezone", "clock", "day_start", "week_start")),
        ("Look", ("theme", "density", "show_statistics")),
        ("Keys and e-mails", ("letter_keys", "reminder_mails")),
    )

    class Meta:
        model = User
        fields = (
            "display_name",
            "timezone",
            "clock",
            "day_start",
            "week_start",
            "theme",
            "density",
            "show_statistics",
            "letter_keys",
            "reminder_mails",
        )
        labels = {
            "clock": "Clock",
            "week_start": "Week starts on",
            "theme": "Theme",
            "density": "Density",
            "show_statistics": "Show statistics",
            "letter_keys": "Single-letter keys",
            "reminder_mails": "Send me reminders by e-mail",
        }
        help_texts = {
            "show_statistics": "A year of done tasks, for you alone.",
            "letter_keys": "Such as Q to add a task. Press ? to see all keys.",
        }
        widgets = {
            "clock": forms.RadioSelect,
            "theme": forms.RadioSelect,
            "density": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clock = self.instance.clock
        now = timezone.now().astimezone(self.instance.zone)
        shown = time_words(time(now.hour, now.minute), clock)
        self.fields[
            "timezone"
        ].help_text = (
            f"It is {shown} there now. Write a city, or a zone such as Europe/Berlin."
        )
        hours = [(hour, time_words(time(hour), clock)) for hour in range(24)]
        self.fields["day_start"].choices = hours  # type: ignore[attr-defined]

    @property
    def groups(self) -> Iterator[tuple[str, list[BoundField]]]:
        """Yield the heading and the fields of each group."""
        for heading, names in self.GROUPS:
            yield heading, [self[name] for name in names]

    def save(self, commit: bool = True) -> User:
        """Write the fields of the form only: another request may change the others."""
        self.instance.save(update_fields=[*self.Meta.fields, "updated_at"])
        return self.instance


class SettingsView(KeepsDraft, UserUpdateView):
    """How the user's tasks are shown, and whether reminders are mailed."""

    form_class = SettingsForm
    template_name = "accounts/settings.html"
    context_object_name = "account"  # `user` is the one that the navigation shows
    success_url = reverse_lazy("accounts:settings")
    extra_context = {"zones": common_zones()}  # noqa: RUF012 - never changed

    def get_object(self, queryset: QuerySet[User] | None = None) -> User:
        # Another instance than `request.user`: a refused form changes it unsaved.
        return User.objects.get(pk=user_of(self.request).pk)

    def form_valid(self, form: SettingsForm) -> HttpResponse:
        messages.success(self.request, "Your settings have been saved.")
        return super().form_valid(form)
