"""The pages that change tasks.

Each change is a form that posts to a page of its own and comes back by 303, so it
works without a script.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.generic import DetailView, FormView

from accounts.models import User
from config.drafts import KeepsDraft
from config.mails import mails
from todos import actions
from todos.ledger import receipt
from todos.models import Task, TaskQuerySet
from todos.pages.forms import TaskForm
from todos.pages.mixins import PersonMixin, SeeOther
from todos.pages.rows import day_words
from todos.reminders.planning import what_stops_mails


def reminder_note(person: User) -> str:
    """Say how a reminder comes, or why it won't."""
    if mails()["mails_are_printed"]:
        return "No mail is sent by this Ownlist."
    return what_stops_mails(person) or "Comes by mail."


class TaskCreateView(KeepsDraft, PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """A new task, from the short form on a page or from the long one here."""

    template_name = "todos/task_form.html"
    form_class = TaskForm

    def get_initial(self) -> dict[str, Any]:
        given = self.request.GET
        return {
            name: given[name] for name in ("title", "list", "due_date") & given.keys()
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {
            "lists": self.navigation.active,
            "reminder_note": reminder_note(self.person),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next": self.next_url()}

    def form_valid(self, form: TaskForm) -> HttpResponse:
        try:
            with receipt() as note:
                task = actions.create_task(self.caller, **form.as_changes())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.say("Added", task.title, undo=note.batch)
        return SeeOther(self.next_url())


class TaskUpdateView(KeepsDraft, PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """Everything about one task."""

    template_name = "todos/task_form.html"
    form_class = TaskForm

    @cached_property
    def task(self) -> Task:
        """The task; one in the trash only where something was written about it."""
        tasks = self.tasks.live() if self.written is None else self.tasks
        return tasks.with_labels().get(pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        lists = self.navigation.active
        home = self.navigation.named(self.task.list_id)
        if home is not None and home.archived_at is not None:
            lists = [*lists, home]
        return super().get_form_kwargs() | {
            "lists": lists,
            "task": self.task,
            "reminder_note": reminder_note(self.person),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "task": self.task,
            "next": self.next_url(),
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        changed = None if self.written is None else self._changed_meanwhile()
        return changed or super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._changed_meanwhile() or super().post(request, *args, **kwargs)

    def _changed_meanwhile(self) -> HttpResponse | None:
        """Return the answer where the task of the form is in the trash, or is gone."""
        try:
            form = self.get_form()
        except Task.DoesNotExist:
            return self._offer_anew()
        if self.task.trashed_at is None or form.restores:
            return None
        return self._ask_again(form, form.show_in_trash, self.task.version)

    def form_valid(self, form: TaskForm) -> HttpResponse:
        try:
            with receipt() as note:
                task = actions.update_task(
                    self.caller,
                    task_id=self.task.pk,
                    changes=form.as_changes(),
                    restores=form.restores,
                    version=form.cleaned_data["version"],
                )
        except ValidationError as error:
            form.take_errors(error)
        except Task.DoesNotExist:
            return self._offer_anew()
        except actions.InTrash:
            return self._ask_again(form, form.show_in_trash, self._version())
        except actions.VersionConflict:
            return self._ask_again(form, form.show_conflict, self._version())
        else:
            words = "Saved, without the reminder" if form.drops_reminder else "Saved"
            self.say(words, task.title, undo=note.batch)
            return SeeOther(self.next_url())
        return self.form_invalid(form)

    def _version(self) -> int:
        return self.tasks.values_list("version", flat=True).get(pk=self.kwargs["pk"])

    def _ask_again(
        self, form: TaskForm, explain: Callable[[int], None], version: int
    ) -> HttpResponse:
        """Show what was written, and what happened to the task meanwhile.

        Sent again, it overrules that, and nothing that happens later.
        """
        form.is_valid()
        explain(version)
        return self._conflict(self.get_context_data(form=form))

    def _offer_anew(self) -> HttpResponse:
        """Show what was written about a task that is gone, as a new one.

        Raises:
            Task.DoesNotExist: the person never had it.
        """
        if not self.had(self.kwargs["pk"]):
            raise Task.DoesNotExist
        form = TaskForm(self.written, lists=self.navigation.active)
        form.is_valid()
        form.add_error(
            None,
            "This task was deleted for good since you opened it."
            " Add it as a new one to keep what you wrote.",
        )
        return self._conflict({"form": form, "next": self.next_url()})

    def _conflict(self, context: dict[str, Any]) -> HttpResponse:
        context["action"] = "" if "task" in context else reverse("todos:task-create")
        return self.response_class(
            request=self.request,
            template=self.get_template_names(),
            context=context,
            status=409,
        )


class TaskActionView(PersonMixin, DetailView):  # type: ignore[type-arg]  # not at run time
    """A change of one button: do it, say so, go back.

    A GET only asks: that is where somebody ends up who had to sign in again first.
    """

    template_name = "todos/confirm.html"
    verb: ClassVar[str]

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "verb": self.verb,
            "name": self.object.title,
            "next": self.next_url(),
        }

    def act(self, task_id: UUID) -> tuple[str, Task]:
        """Do it, and return what to say about which task."""
        raise NotImplementedError

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            with receipt() as note:
                words, task = self.act(kwargs["pk"])
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            self.say(words, task.title, undo=note.batch)
        return SeeOther(self.next_url())


class TaskCompleteView(TaskActionView):
    verb = "Complete"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        done = actions.complete_task(self.caller, task_id=task_id)
        if done.next is None or done.next.due_date is None:
            return "Done", done.task
        day = day_words(done.next.due_date, today=self.today)
        return f"Done, next {day}", done.task


class TaskReopenView(TaskActionView):
    verb = "Reopen"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        return "Open again", actions.reopen_task(self.caller, task_id=task_id)


class TaskDeleteView(TaskActionView):
    verb = "Delete"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        return "In the trash", actions.trash_task(self.caller, task_id=task_id)


class TaskRestoreView(TaskActionView):
    verb = "Restore"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        task = actions.restore_task(self.caller, task_id=task_id)
        home = self.navigation.named(task.list_id)
        # It may have come back elsewhere: its list can be in the trash by now.
        return f"Restored to {home.name}" if home else "Restored", task


class TaskRemoveView(PersonMixin, DetailView):  # type: ignore[type-arg]  # not at run time
    """Delete for good what is in the trash, after asking once."""

    template_name = "todos/task_confirm_remove.html"
    home = "todos:task-trash"

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks.trashed()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            actions.remove_task(self.caller, task_id=kwargs["pk"])
        except actions.NotInTrash as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Deleted for good.")
        return SeeOther(self.next_url())
