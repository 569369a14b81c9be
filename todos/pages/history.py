"""The history of a task: its changes in words, and bringing earlier values back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.views.generic import TemplateView

from accounts.times import time_words
from todos import actions
from todos.actions.storing import recorded_task
from todos.ledger import Entity, Kind, Snapshot, receipt
from todos.models import Change, Task
from todos.pages.changes import WORDS
from todos.pages.details import url_with
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.properties import due_words
from todos.pages.repeat_form import repeat_words
from todos.pages.rows import day_words, reminder_words

PAGE_SIZE = 50
SHOWN_MAX = 200
TEXT_SHOWN = 140  # characters of a text
MADE_BY = {
    "session": "in a browser",
    "token": "by an app",
    "personal-token": "with an access token",
    "better-auth": "by an app, through Better Auth",
    "command": "by the server",
}
# Columns that are shown and brought back together, with their words.
SHOWN_TOGETHER = {
    "Title": ("title",),
    "Notes": ("notes",),
    "Due": ("due_date", "due_time", "due_tz"),
    "Start": ("start_date",),
    "Repeat": ("rrule", "rrule_anchor"),
    "Reminder": ("reminder_minutes", "reminder_time"),
    "Priority": ("priority",),
    "Labels": ("labels",),
    "List": ("list_id",),
}
RESTORABLE = {name for columns in SHOWN_TOGETHER.values() for name in columns}


@dataclass(frozen=True, slots=True)
class Difference:
    """One property before and after a change, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the page shows it."""

    id: UUID
    what: str
    at: datetime
    when: str
    by: str
    differences: list[Difference]
    can_come_back: bool


class HistoryView(UserPageMixin, TemplateView):
    """The changes of a task, the latest first."""

    template_name = "todos/task_history.html"

    def get_context_data(self, **kwargs: object) -> Context:
        task = self.tasks.with_labels().get(pk=self.kwargs["pk"])
        upto = SHOWN_MAX if self.request.GET.get("upto") else PAGE_SIZE
        changes = Change.objects.owned_by(self.user).of(Entity.TASK, task.pk)
        found = list(changes.order_by("-seq")[: upto + 1])
        more = url_with(self.here, upto=str(SHOWN_MAX))
        return super().get_context_data(**kwargs) | {
            "task": task,
            "entries": [self._entry(change, task) for change in found[:upto]],
            "more": more if len(found) > upto and upto < SHOWN_MAX else "",
            "has_older": len(found) > upto,
            "here": self.here,
            "back": self.next_url("todos:task-detail", task.pk),
        }

    def _entry(self, change: Change, task: Task) -> Entry:
        before, after = change.before or {}, change.after or {}
        at = change.at.astimezone(self.user.zone)
        day = day_words(at.date(), today=self.today)
        kind, *_ = change.credential.split(":", 1)
        edits = change.kind in {Kind.UPDATED, Kind.MOVED}
        differences = self._differences(before, after) if edits else []
        return Entry(
            id=change.pk,
            what=_what(change, differences),
            at=at,
            when=f"{day}, {time_words(at.time(), self.user.clock)}",
            by=MADE_BY.get(kind, ""),
            differences=differences,
            can_come_back=edits and _differs(task, before),
        )

    def _differences(self, before: Snapshot, after: Snapshot) -> list[Difference]:
        was, became = recorded_task(before), recorded_task(after)
        return [
            Difference(name, self._words(name, was), self._words(name, became))
            for name, columns in SHOWN_TOGETHER.items()
            if after.keys() & set(columns)
        ]

    def _words(self, name: str, task: Task) -> str:
        """Return a property in words; what the change has not recorded is missing."""
        match name:
            case "Title" | "Notes":
                text = task.title if name == "Title" else task.notes
                return Truncator(text).chars(TEXT_SHOWN)
            case "Due":
                clock = self.user.clock
                return due_words(task, today=self.today, time_format=clock)
            case "Start":
                day = task.start_date
                return day_words(day, today=self.today) if day else ""
            case "Repeat":
                return repeat_words(task)
            case "Reminder":
                minutes, reminder_at = task.reminder_minutes, task.reminder_time
                return reminder_words(minutes, reminder_at, self.user.clock)
            case "Priority":
                return task.get_priority_display()
            case "Labels":
                return ", ".join(task.label_names)
            case _:
                home = self.navigation.list_of(task.list_id)
                return home.name if home else "A deleted list"


def _what(change: Change, differences: list[Difference]) -> str:
    """Return what happened, as the beginning of a sentence."""
    after = change.after or {}
    if "occurrence" in after and "due_date" in after and change.kind == Kind.UPDATED:
        return "Skipped one occurrence"
    if "parent_id" in after and change.kind in {Kind.UPDATED, Kind.MOVED}:
        return "Turned into a step" if after["parent_id"] else "Turned into a task"
    if change.kind == Kind.MOVED and not differences:
        return "Order changed"
    return WORDS[Kind(change.kind)].removeprefix("was ").capitalize()


def _restored(before: Snapshot) -> dict[str, Any]:
    """Return the recorded values as arguments of `update_task`."""
    was = recorded_task(before)
    names = before.keys() & RESTORABLE
    return {
        name: was.label_names if name == "labels" else getattr(was, name)
        for name in names
    }


def _differs(task: Task, before: Mapping[str, object]) -> bool:
    """Whether bringing these values back would change anything."""
    values = _restored(dict(before))
    now = {
        name: task.label_names if name == "labels" else getattr(task, name)
        for name in values
    }
    return task.trashed_at is None and now != values


class BringBackView(UserPageMixin, TemplateView):
    """Give a task the values that it had before a change; a GET asks first."""

    template_name = "todos/confirm.html"

    def _change(self) -> Change:
        """Return the change.

        Raises:
            Change.DoesNotExist: the user has no such task or change.
        """
        changes = Change.objects.owned_by(self.user)
        return changes.of(Entity.TASK, self.kwargs["pk"]).get(pk=self.kwargs["change"])

    def get_context_data(self, **kwargs: object) -> Context:
        self._change()
        task = self.tasks.only("title").get(pk=self.kwargs["pk"])
        return super().get_context_data(**kwargs) | {
            "verb": "Bring back earlier values of",
            "name": task.title,
            "next": self._back(),
        }

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        change = self._change()
        changes = _restored(change.before or {})
        try:
            with receipt() as note:
                task = actions.update_task(
                    self.caller, task_id=self.kwargs["pk"], changes=changes
                )
        except ValidationError as error:
            text = " ".join(error.messages)
            messages.error(request, f"This can’t be brought back. {text}")
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            text = "Brought back" if note.batch else "Nothing to change"
            self.add_message(text, task.title, undo=note.batch)
        return self.redirect_to_next("todos:task-history", self.kwargs["pk"])

    def _back(self) -> str:
        return self.next_url("todos:task-history", self.kwargs["pk"])
