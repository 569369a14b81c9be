"""Adding a step to a task, from one line of quick add."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict

from config.drafts import KeepsDraft
from todos import actions
from todos.ledger import receipt
from todos.pages.forms import StepForm, Values
from todos.pages.generic import EditFormView
from todos.pages.mixins import Context
from todos.pages.task_page import DELETED, TEMPLATE, TaskPageMixin

OF_A_LIST = {"list", "new_list"}


class StepCreateView(KeepsDraft, TaskPageMixin, EditFormView):
    """Add a step. What can't be added is shown again on the page of the task."""

    template_name = TEMPLATE
    form_class = StepForm

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if self.submitted is not None and (reason := self._why_not()):
            return self._gone(reason)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> Context:
        form = kwargs.get("form") or self.get_form()
        details = self.details(here=self.here_after())
        details.step_form = form
        return {"details": details, "refused": form if form.is_bound else None}

    def form_invalid(self, form: StepForm) -> HttpResponse:
        reason = self._why_not()
        return self._gone(reason) if reason else super().form_invalid(form)

    def form_valid(self, form: StepForm) -> HttpResponse:
        task_id = self.kwargs["pk"]
        if reason := self._why_not():
            return self._gone(reason)
        try:
            values = self._read(form.cleaned_data["text"])
            with receipt() as note:
                step = actions.create_task(self.caller, parent_id=task_id, **values)
        except (ValidationError, actions.AccountFull) as error:
            messages = getattr(error, "messages", [str(error)])
            form.add_error("text", [one.removeprefix("Line 1: ") for one in messages])
            return self.form_invalid(form)
        self.add_message("Step added", step.title, undo=note.batch)
        return self.redirect_to_next("todos:task-detail", task_id)

    def _read(self, text: str) -> Values:
        """Return what the line says, as arguments of `create_task`.

        A step is in the list of its task, so what looks like a list stays in the title.

        Raises:
            ValidationError: for `text`.
        """
        [draft] = actions.preview_quick_add(self.caller, text=text)
        spans = draft.parsed.spans
        if lists := [span.start for span in spans if span.kind in OF_A_LIST]:
            literal = {0: lists}
            [draft] = actions.preview_quick_add(self.caller, text=text, literal=literal)
        said = asdict(draft.parsed.fields)
        del said["list"]
        known = {name: value for name, value in said.items() if value is not None}
        return {"title": draft.parsed.title} | known

    def _why_not(self) -> str:
        """Return why the task can't have steps, or an empty text."""
        task = self.tasks.filter(pk=self.kwargs["pk"]).first()
        if task is None:
            return DELETED
        if task.trashed_at is not None:
            return "This task was moved to the trash after you opened it."
        return "This task has become a step of another task." if task.parent_id else ""

    def _gone(self, reason: str = DELETED) -> HttpResponse:
        sent = self.submitted or QueryDict()
        return self.offer_as_new({"title": sent.get("text", "")}, reason=reason)
