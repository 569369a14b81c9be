"""The pages that change tasks.

Each change is a form that posts to a page of its own and comes back by 303, so it
works without a script.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.generic import DetailView, FormView

from todos import actions
from todos.models import Task, TaskQuerySet
from todos.pages.forms import TaskForm
from todos.pages.mixins import PersonMixin, SeeOther
from todos.pages.rows import day_words


class TaskCreateView(PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """A new task, from the short form on a page or from the long one here."""

    template_name = "todos/task_form.html"
    form_class = TaskForm

    def get_initial(self) -> dict[str, Any]:
        given = self.request.GET
        return {
            name: given[name] for name in ("title", "list", "due_date") & given.keys()
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"lists": self.navigation.active}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next": self.next_url()}

    def form_valid(self, form: TaskForm) -> HttpResponse:
        try:
            task = actions.create_task(**self.caller(), **form.as_changes())
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.say("Added", task.title, undo="todos:task-delete", pk=task.pk)
        return SeeOther(self.next_url())


class TaskUpdateView(PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """Everything about one task."""

    template_name = "todos/task_form.html"
    form_class = TaskForm

    @cached_property
    def task(self) -> Task:
        return self.tasks.live().with_labels().get(pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        lists = self.navigation.active
        home = self.navigation.named(self.task.list_id)
        if home is not None and home.archived_at is not None:
            lists = [*lists, home]
        return super().get_form_kwargs() | {"lists": lists, "task": self.task}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "task": self.task,
            "next": self.next_url(),
        }

    def form_valid(self, form: TaskForm) -> HttpResponse:
        try:
            task = actions.update_task(
                **self.caller(),
                task_id=self.task.pk,
                changes=form.as_changes(),
                version=form.cleaned_data["version"],
            )
        except ValidationError as error:
            form.take_errors(error)
        except actions.VersionConflict:
            form.show_conflict(self.task.version)
        else:
            self.say("Saved", task.title)
            return SeeOther(self.next_url())
        return self.form_invalid(form)


class TaskActionView(PersonMixin):
    """A form of one button: do it, say so, go back."""

    def act(self, task_id: UUID) -> None:
        """Do it and leave a message."""
        raise NotImplementedError

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            self.act(kwargs["pk"])
        except actions.Refused as refusal:
            messages.error(request, str(refusal))
        return SeeOther(self.next_url())


class TaskCompleteView(TaskActionView):
    def act(self, task_id: UUID) -> None:
        done = actions.complete_task(**self.caller(), task_id=task_id)
        words = "Done"
        if done.next is not None and done.next.due_date is not None:
            day = day_words(done.next.due_date, today=self.today)
            words = f"Done, next {day}"
        self.say(words, done.task.title, undo="todos:task-reopen", pk=task_id)


class TaskReopenView(TaskActionView):
    def act(self, task_id: UUID) -> None:
        task = actions.reopen_task(**self.caller(), task_id=task_id)
        self.say("Open again", task.title)


class TaskDeleteView(TaskActionView):
    def act(self, task_id: UUID) -> None:
        task = actions.trash_task(**self.caller(), task_id=task_id)
        self.say("In the trash", task.title, undo="todos:task-restore", pk=task_id)


class TaskRestoreView(TaskActionView):
    def act(self, task_id: UUID) -> None:
        task = actions.restore_task(**self.caller(), task_id=task_id)
        self.say("Restored", task.title)


class TaskRemoveView(PersonMixin, DetailView):  # type: ignore[type-arg]  # not at run time
    """Delete for good what is in the trash, after asking once."""

    template_name = "todos/task_confirm_remove.html"

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks.trashed()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            actions.remove_task(**self.caller(), task_id=kwargs["pk"])
        except actions.NotInTrash as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Deleted for good.")
        return SeeOther(self.next_url("todos:task-trash"))
