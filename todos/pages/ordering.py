"""The order that users choose: moving tasks, steps and lists."""

from __future__ import annotations

from itertools import chain
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from django.views.generic import TemplateView
from django.views.generic.base import View

from todos import actions
from todos.actions.positions import neighbour_of
from todos.ledger import receipt
from todos.models import Task, TaskList
from todos.pages.forms import NO_SUCH_LIST
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.row_menu import TaskMenuView

# By the word of the button: the side of the new neighbour, whether that is the nearest
# row or the last one in this direction, and the text of the message.
DIRECTIONS = {
    "up": ("before", True, "Moved up"),
    "top": ("before", False, "Moved to the top"),
    "down": ("after", True, "Moved down"),
    "bottom": ("after", False, "Moved to the bottom"),
}
ENDS = {"before": "Already at the top", "after": "Already at the bottom"}


class MoveForm(forms.Form):
    """The new place: in a direction, or beside another row. Exactly one is sent."""

    to = forms.ChoiceField(
        choices=[(name, name) for name in DIRECTIONS],
        required=False,
        error_messages={"invalid_choice": "Choose up, down, top or bottom."},
    )
    before = forms.UUIDField(required=False)
    after = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if value}
        if len(values) != 1 and not self.errors:
            raise ValidationError("Choose a new place.")
        return values


class TaskMoveForm(MoveForm):
    """The new place of a task, which can also be the end of a list."""

    list = forms.UUIDField(required=False, error_messages={"invalid": NO_SUCH_LIST})


class MoveView(UserPageMixin, View):
    """Move a row, and return to it. Subclasses say which, and how."""

    form_class: ClassVar[type[MoveForm]] = MoveForm

    @property
    def shown_name(self) -> str:
        """The title or the name of the row."""
        raise NotImplementedError

    def neighbour(self, side: str, *, is_nearest: bool) -> UUID | None:
        """Return the nearest or the last row on this side, or None."""
        raise NotImplementedError

    def move(self, to: actions.Beside | UUID) -> None:
        """Move the row beside another, or to the end of a list."""
        raise NotImplementedError

    def back(self) -> HttpResponse:
        """Redirect to where the row is shown."""
        return self.redirect_to_next()

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            self._move()
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        return self.back()

    def _move(self) -> None:
        form = self.form_class(self.request.POST)
        if not form.is_valid():
            raise ValidationError([*chain(*form.errors.values())])
        ((name, value),) = form.cleaned_data.items()
        if name != "to":
            to = value if name == "list" else actions.Beside(name, value)
            self._move_to(to, "Moved")
            return
        side, is_nearest, text = DIRECTIONS[value]
        other = self.neighbour(side, is_nearest=is_nearest)
        if other is None:
            self.add_message(ENDS[side], self.shown_name)
        else:
            self._move_to(actions.Beside(side, other), text)

    def _move_to(self, to: actions.Beside | UUID, text: str) -> None:
        with receipt() as note:
            self.move(to)
        self.add_message(text, self.shown_name, undo=note.batch)


class TaskMoveView(MoveView):
    """Move a task with its steps, or a step within its task."""

    form_class = TaskMoveForm

    @cached_property
    def task(self) -> Task:
        return self.tasks.get(pk=self.kwargs["pk"])

    @property
    def shown_name(self) -> str:
        return self.task.title

    def neighbour(self, side: str, *, is_nearest: bool) -> UUID | None:
        task = self.task
        siblings = self.tasks.open().filter(list=task.list_id, parent=task.parent_id)
        return neighbour_of(task, siblings, side=side, is_nearest=is_nearest)

    def move(self, to: actions.Beside | UUID) -> None:
        actions.move_task(self.caller, task_id=self.task.pk, to=to)

    def get(self, request: HttpRequest, **kwargs: object) -> HttpResponseBase:
        """Show the menu of the task, to users who had to sign in again first."""
        return TaskMenuView.as_view()(request, **kwargs)


class ListMoveView(MoveView, TemplateView):
    """Move a list among the active lists, or among the archived ones.

    A GET shows the buttons.
    """

    template_name = "todos/tasklist_move.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "list": self.list,
            "next": self.next_url("todos:list-detail", self.list.pk),
        }

    @cached_property
    def list(self) -> TaskList:
        return TaskList.objects.owned_by(self.user).get(pk=self.kwargs["pk"])

    @property
    def shown_name(self) -> str:
        return self.list.name

    def neighbour(self, side: str, *, is_nearest: bool) -> UUID | None:
        own = self.list
        if own.is_inbox:
            raise actions.InboxProtected
        is_active = own.archived_at is None
        lists = TaskList.objects.owned_by(self.user).live().filter(is_inbox=False)
        alike = lists.filter(archived_at__isnull=is_active)
        return neighbour_of(own, alike, side=side, is_nearest=is_nearest)

    def move(self, to: actions.Beside | UUID) -> None:
        assert isinstance(to, actions.Beside)
        if self.list.trashed_at is not None:
            raise actions.InTrash("The list is in the trash. Restore it first.")
        actions.move_list(self.caller, list_id=self.list.pk, to=to)

    def back(self) -> HttpResponse:
        # A list in the trash has no page.
        is_shown = self.list.trashed_at is None
        return self.redirect_to_next(
            *(("todos:list-detail", self.list.pk) if is_shown else ())
        )
