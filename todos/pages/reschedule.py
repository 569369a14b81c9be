"""Moving tasks to another day: one task, or all that are overdue."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from todos import actions
from todos.models import Task
from todos.pages.bulk import errors_by_task
from todos.pages.choices import day_choices
from todos.pages.forms import DATE_VALIDATORS, ActionForm, DateInput, TimeInput, Values
from todos.pages.generic import EditFormView
from todos.pages.listing import BY_DUE
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.returning import after_due_change
from todos.pages.rows import day_in_sentence
from todos.schedule.days import DAY


class RescheduleForm(ActionForm):
    """When a task is due. Without `due_time` in the input, the time stays."""

    due_date = forms.DateField(
        label="Date", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )
    due_time = forms.TimeField(label="Time", required=False, widget=TimeInput)

    def clean(self) -> Values:
        values: Values = self.cleaned_data
        if "due_date" not in self.data:
            raise ValidationError("Choose a day.")
        if values.get("due_time") and values.get("due_date") is None:
            # Otherwise the action would drop the time.
            self.add_error("due_time", "A time needs a due date.")
        return values

    def as_changes(self) -> Values:
        changes = super().as_changes()
        return {name: changes[name] for name in changes if name in self.data}


class RescheduleView(KeepsDraft, UserPageMixin, EditFormView):
    """The days that a task can be moved to, as a page or a popover."""

    template_name = "todos/reschedule.html"
    form_class = RescheduleForm

    @cached_property
    def task(self) -> Task:
        """The task; one in the trash only if a form was sent."""
        tasks = self.tasks if self.submitted is not None else self.tasks.live()
        return tasks.get(pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> Context:
        # As a popover, it is on one page with the bar for new tasks.
        return super().get_form_kwargs() | {"auto_id": "move_%s"}

    def get_initial(self) -> Context:
        return {"due_date": self.task.due_date, "due_time": self.task.due_time}

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {
            "task": self.task,
            "days": day_choices(self.user, self.clock),
            "next": self.next_url(),
        }

    def form_valid(self, form: RescheduleForm) -> HttpResponse:
        changes = form.as_changes()
        try:
            done = actions.change_tasks(
                self.caller, task_ids=[self.task.pk], action="due", due=changes
            )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        except actions.InTrash:
            messages.error(self.request, actions.InTrash.text)
            return self.redirect_to_next()
        (moved,) = done.tasks
        self.add_message(self._text(moved), moved.title, undo=done.batch)
        return redirect(
            after_due_change(
                self.next_url(), moved.pk, due=moved.due_date, today=self.today
            )
        )

    def _text(self, moved: Task) -> str:
        had, has = _has_reminder(self.task), _has_reminder(moved)
        note = ", without the reminder" if had and not has else ""
        if moved.due_date is None:
            return f"Date removed{note}"
        day = day_in_sentence(moved.due_date, today=self.today)
        return f"Moved to {day}{note}"


def _has_reminder(task: Task) -> bool:
    return task.reminder_minutes is not None or task.reminder_time is not None


class OverdueView(UserPageMixin, TemplateView):
    """Move all overdue tasks to today or tomorrow; a GET asks to which."""

    template_name = "todos/overdue.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "count": self.agenda.overdue().count(),
            "next": self.next_url(),
        }

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        days = {"today": self.today, "tomorrow": self.today + DAY}
        day = days.get(request.POST.get("to", ""))
        if day is None:
            messages.error(request, "Choose today or tomorrow.")
        else:
            self._move_to(day)
        return self.redirect_to_next()

    def _move_to(self, day: date) -> None:
        # Tasks of this day whose time has passed are overdue as well.
        tasks = self.agenda.overdue().exclude(due_date=day).order_by(*BY_DUE)
        ids = list(tasks.values_list("pk", flat=True)[: actions.TASKS_MAX + 1])
        if not ids:
            messages.info(self.request, "No task is left to move.")
            return
        total = tasks.count() if len(ids) > actions.TASKS_MAX else len(ids)
        chosen = ids[: actions.TASKS_MAX]
        try:
            done = actions.change_tasks(
                self.caller, task_ids=chosen, action="due", due={"due_date": day}
            )
        except (ValidationError, actions.InTrash) as error:
            for text in errors_by_task(error, self.tasks, chosen):
                messages.error(self.request, text)
            return
        words = day_in_sentence(day, today=self.today)
        self.add_message(_moved_all(len(chosen), total, words), undo=done.batch)


def _moved_all(moved: int, total: int, day: str) -> str:
    if moved < total:
        return (
            f"Moved {moved} of {total} overdue tasks to {day}."
            " Press the button again for the others."
        )
    return f"Moved {moved} overdue task{pluralize(moved)} to {day}"
