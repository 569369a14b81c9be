"""The pages that change tasks.

Each change is a form with a URL of its own that redirects back, so it works without
JavaScript.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from config.toasts import ToastAction
from todos import actions
from todos.ledger import receipt
from todos.models import Task, TaskList, TaskQuerySet
from todos.pages.generic import TaskDetailView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.once import once
from todos.pages.rows import day_in_sentence, day_words


class TaskActionView(UserPageMixin, TaskDetailView):
    """A button that changes a task, shows a message and returns to the page.

    A GET asks for confirmation, for users who had to sign in again first.
    """

    template_name = "todos/confirm.html"
    verb: ClassVar[str]

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "verb": self.verb,
            "name": self.object.title,
            "next": self.next_url(),
        }

    def act(self, task_id: UUID) -> tuple[str, Task]:
        """Do it, and return the text of the message and the task."""
        raise NotImplementedError

    @once
    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            with receipt() as note:
                text, task = self.act(self.kwargs["pk"])
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            links = self.toast_actions(task)
            self.add_message(text, task.title, undo=note.batch, actions=links)
        return self.redirect_to_next()

    def toast_actions(self, task: Task) -> list[ToastAction]:
        """Return more actions for the message."""
        return []


class TaskCompleteView(TaskActionView):
    verb = "Complete"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        done = actions.complete_task(self.caller, task_id=task_id)
        if done.next is None or done.next.due_date is None:
            return "Completed", done.task
        day = day_words(done.next.due_date, today=self.today)
        return f"Completed, next {day}", done.task


class TaskReopenView(TaskActionView):
    verb = "Reopen"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        return "Reopened", actions.reopen_task(self.caller, task_id=task_id)


class TaskDeleteView(TaskActionView):
    verb = "Delete"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        return "Moved to the trash", actions.trash_task(self.caller, task_id=task_id)


class TaskRestoreView(TaskActionView):
    """Restore a task, to the inbox if its list is in the trash."""

    verb = "Restore"
    _trashed_list: TaskList | None = None

    def act(self, task_id: UUID) -> tuple[str, Task]:
        lists = TaskList.objects.owned_by(self.user).trashed()
        self._trashed_list = lists.filter(tasks=task_id).first()
        task = actions.restore_task(self.caller, task_id=task_id)
        home = self.navigation.list_of(task.list_id)
        return f"Restored to {home.name}" if home else "Restored", task

    def toast_actions(self, task: Task) -> list[ToastAction]:
        path = reverse("todos:list-detail", args=[task.list_id])
        links = [ToastAction("Open the list", path)]
        if self._trashed_list is not None and task.parent_id is None:
            path = reverse("todos:list-restore", args=[self._trashed_list.pk])
            fields = {"task": str(task.pk)}
            also = ToastAction(
                "Restore the list too", path, is_form=True, fields=fields
            )
            links.append(also)
        return links


class TaskSkipView(TaskActionView):
    """Move a repeating task to its next date.

    A form can carry the version that the user saw, so that a second click does not skip
    another date.
    """

    verb = "Skip"

    def act(self, task_id: UUID) -> tuple[str, Task]:
        version = self.request.POST.get("version", "")
        is_number = version.isascii() and version.isdigit() and len(version) < 11
        seen = int(version) if is_number else None
        task = actions.skip_occurrence(self.caller, task_id=task_id, version=seen)
        assert task.due_date is not None
        day = day_in_sentence(task.due_date, today=self.today)
        return f"Skipped, next {day}", task


class TaskRemoveView(UserPageMixin, TaskDetailView):
    """Delete a task in the trash permanently, after a confirmation."""

    template_name = "todos/task_confirm_remove.html"
    default_next = "todos:task-trash"

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks.trashed()

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            actions.remove_task(self.caller, task_id=self.kwargs["pk"])
        except actions.NotInTrash as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Deleted permanently.")
        return self.redirect_to_next()
