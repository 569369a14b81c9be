"""Search over all tasks and steps of the user, with filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import F
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.http import urlencode

from config.text import TextFormField
from todos.limits import SEARCH_MAX_LENGTH
from todos.models import Task, TaskList, TaskQuerySet
from todos.pages.arranging import BY_DUE, WEEK
from todos.pages.forms import DATE_VALIDATORS, NO_SUCH_LIST, DateInput, set_choices
from todos.pages.listing import TaskListPage
from todos.pages.mixins import Context
from todos.pages.navigation import Navigation, NavigationLabel
from todos.pages.rows import Group, TaskRow
from todos.text_folding import fold

PLACES_MAX = 6  # lists and labels that are offered
FILTERS = ("list", "label", "priority", "due", "status")
OPEN_FIRST = F("completed_at").desc(nulls_first=True)


class SearchForm(forms.Form):
    """What the user looks for. Every field can stay empty."""

    q = TextFormField(
        label="Search",
        max_length=SEARCH_MAX_LENGTH,
        required=False,
        widget=forms.SearchInput(
            attrs={
                "autocomplete": "off",
                "enterkeyhint": "search",
                "placeholder": "Words in titles, notes and steps",
                "data-key": "/",
                "dir": "auto",
            }
        ),
    )
    list = forms.TypedChoiceField(
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": NO_SUCH_LIST},
    )
    label = forms.TypedChoiceField(
        coerce=UUID,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "There is no such label."},
    )
    priority = forms.TypedChoiceField(
        choices=[("", "Any priority"), *Task.Priority.choices],
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "Choose one of the priorities."},
    )
    due = forms.ChoiceField(
        choices=[
            ("", "Any date"),
            ("overdue", "Overdue"),
            ("today", "Today"),
            ("week", "Next 7 days"),
            ("none", "No date"),
            ("range", "Between two dates"),
        ],
        required=False,
        error_messages={"invalid_choice": "Choose one of the dates."},
    )
    due_from = forms.DateField(
        label="From", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )
    due_to = forms.DateField(
        label="To", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )
    status = forms.ChoiceField(
        choices=[
            ("", "Open and completed"),
            ("open", "Open"),
            ("completed", "Completed"),
            ("trash", "In the trash"),
        ],
        required=False,
        error_messages={"invalid_choice": "Choose open, completed or trash."},
    )

    def __init__(self, data: QueryDict, *, navigation: Navigation) -> None:
        super().__init__(data, auto_id="search-%s")
        if not self.data:
            self.fields["q"].widget.attrs["autofocus"] = True
        lists = [*navigation.active, *navigation.archived]
        named = [(str(row.pk), row.name) for row in lists]
        set_choices(self.fields["list"], [("", "Any list"), *named])
        labels = [(str(label.pk), label.name) for label in navigation.labels]
        set_choices(self.fields["label"], [("", "Any label"), *labels])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        first, last = given.get("due_from"), given.get("due_to")
        if given.get("due") == "range" and first and last and first > last:
            self.add_error("due_to", "Choose the same day as “From”, or a later one.")
        return given

    @property
    def has_filters(self) -> bool:
        """Whether something besides the words is asked for, valid or not."""
        return any(self.data.get(name) for name in FILTERS)

    @property
    def is_asking(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.cleaned_data["q"]) or self.has_filters


class SearchView(TaskListPage):
    """The tasks and steps with all words, in title or notes, that the filters match."""

    template_name = "todos/search.html"

    @cached_property
    def form(self) -> SearchForm:
        return SearchForm(self.request.GET, navigation=self.navigation)

    @cached_property
    def asked(self) -> dict[str, Any] | None:
        """What is asked for, or None if that is nothing or invalid."""
        is_valid = self.form.is_valid() and self.form.is_asking
        return self.form.cleaned_data if is_valid else None

    def select(self) -> TaskQuerySet:
        asked = self.asked
        if asked is None:
            return self.tasks.none()
        tasks = _in_status(self._due(asked), asked["status"])
        if asked["list"]:
            tasks = tasks.filter(list=asked["list"])
        if asked["label"]:
            tasks = tasks.with_every_label([self._label(asked["label"]).name])
        if asked["priority"]:
            tasks = tasks.filter(priority=asked["priority"])
        by_due = BY_DUE if asked["due"] else ()
        tasks = tasks.matching(asked["q"])
        return tasks.order_by(OPEN_FIRST, *by_due, "-created_at", "-id")

    def _due(self, asked: dict[str, Any]) -> TaskQuerySet:
        match asked["due"]:
            case "overdue":
                return self.agenda.overdue()
            case "today":
                return self.tasks.filter(due_date=self.today)
            case "week":
                last = self.today + WEEK
                return self.tasks.filter(due_date__gte=self.today, due_date__lte=last)
            case "none":
                return self.tasks.filter(due_date=None)
            case "range":
                return self._between(asked)
        return self.tasks

    def _between(self, asked: dict[str, Any]) -> TaskQuerySet:
        tasks = self.tasks.exclude(due_date=None)
        if asked["due_from"]:
            tasks = tasks.filter(due_date__gte=asked["due_from"])
        if asked["due_to"]:
            tasks = tasks.filter(due_date__lte=asked["due_to"])
        return tasks

    def _label(self, key: UUID) -> NavigationLabel:
        return next(label for label in self.navigation.labels if label.pk == key)

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        open_rows = [row for row in rows if not row.task.is_completed]
        done = [row for row in rows if row.task.is_completed]
        if open_rows:
            yield Group(open_rows, "Open" if done else "")
        if done:
            yield Group(done, "Completed" if open_rows else "")

    def get_context_data(self, **kwargs: Any) -> Context:
        asked = self.asked
        lists, labels = self._places(asked["q"] if asked else "")
        context = super().get_context_data(**kwargs)
        is_trash = bool(asked and asked["status"] == "trash")
        return context | {
            "form": self.form,
            "unfiltered_url": self._url(),
            "trash_url": self._url(status="trash"),
            "is_asked": asked is not None,
            "is_trash": is_trash,
            "select": None if is_trash else context["select"],
            "lists": lists,
            "labels": labels,
        }

    def _url(self, **filters: str) -> str:
        """Return the URL of a search for the same words, with these filters alone."""
        words = str(self.form["q"].value() or "")[:SEARCH_MAX_LENGTH]
        query = urlencode(({"q": words} if words else {}) | filters)
        return f"{self.request.path}?{query}" if query else self.request.path

    def _places(self, words: str) -> tuple[list[TaskList], list[NavigationLabel]]:
        """Return the lists and labels whose names contain all of the words."""
        wanted = fold(words).split()
        if not wanted or self.form.has_filters:
            return [], []
        navigation = self.navigation

        def is_wanted(name: str) -> bool:
            folded = fold(name)
            return all(word in folded for word in wanted)

        lists = [row for row in navigation.active if is_wanted(row.name)]
        labels = [label for label in navigation.labels if is_wanted(label.name)]
        return lists[:PLACES_MAX], labels[:PLACES_MAX]


def _in_status(tasks: TaskQuerySet, status: str) -> TaskQuerySet:
    match status:
        case "open":
            return tasks.open()
        case "completed":
            return tasks.completed()
        case "trash":
            return tasks.trashed()
    return tasks.live()
