"""The page of one task, and the saving of its properties."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from todos import actions
from todos.ledger import receipt
from todos.models import Task
from todos.pages.details import PROPERTIES, Details, details_of, form_of, url_with
from todos.pages.forms import NewTaskForm
from todos.pages.generic import EditFormView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.property_form import PropertyForm

TEXTS = ("title", "notes")  # what the user has written, and would not like to lose
DELETED = "This task was deleted permanently after you opened it."
ATTEMPTS = 3  # the task can change between reading and saving it


TEMPLATE = "todos/task_detail.html"


class TaskPageMixin(UserPageMixin):
    """A page with the details of one task and nothing else."""

    def details(self, *, here: str = "") -> Details:
        """Return the details; `here` is where the forms return to.

        Raises:
            Task.DoesNotExist: the user has no such task.
        """
        details = details_of(self, self.kwargs["pk"], here=here)
        if details is None:
            raise Task.DoesNotExist
        details.is_alone = True
        home = details.home
        if here:
            details.closed = url_with(here, task=None)
        elif home is None or home.is_inbox:
            details.closed = self.next_url("todos:task-inbox")
        else:
            details.closed = self.next_url("todos:list-detail", home.pk)
        return details

    def here_after(self) -> str:
        """Return the page to which the form returns, without the control on it."""
        return urldefrag(self.next_url("todos:task-detail", self.kwargs["pk"])).url

    def page(self, context: Context, *, status: int) -> HttpResponse:
        """Return the page of the task, with a form that could not be saved."""
        return TemplateResponse(self.request, TEMPLATE, context, status=status)

    def offer_as_new(
        self,
        texts: Context,
        form: NewTaskForm | None = None,
        *,
        reason: str = DELETED,
    ) -> HttpResponse:
        """Offer the text that was sent for a task as a new task.

        Raises:
            Task.DoesNotExist: the user never had the task.
        """
        if not self.once_had(self.kwargs["pk"]):
            raise Task.DoesNotExist
        context = {
            "form": form or NewTaskForm(initial=texts),
            "pk": self.kwargs["pk"],
            "next": self.next_url(),
            "reason": reason,
        }
        status = 409 if form is None else 200
        gone = "todos/task_gone.html"
        return TemplateResponse(self.request, gone, context, status=status)


class TaskPage(TaskPageMixin, TemplateView):
    """The details of a task as a page, also if it is completed or in the trash."""

    template_name = TEMPLATE

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {"details": self.details()}


class PropertyView(KeepsDraft, TaskPageMixin, EditFormView):
    """Save one property of a task.

    What can't be saved is shown again on the page of the task: input that is not valid,
    or that conflicts with what happened to the task since the user saw it.
    """

    template_name = TEMPLATE

    @cached_property
    def name(self) -> str:
        """The name of the property.

        Raises:
            Http404: there is no such property.
        """
        name: str = self.kwargs["property"]
        if name not in PROPERTIES:
            raise Http404
        return name

    def get_form(self, form_class: Any = None) -> PropertyForm:
        """Return the form for the task as it is now."""
        task = self.tasks.with_labels().get(pk=self.kwargs["pk"])
        form = form_of(self, self.name, task, self.submitted)
        sent = self.submitted
        if sent and "merge" in sent and form.joint and sent.get("seen") == form.seen:
            both = sent.copy()
            both[form.name] = form.now_words() + form.joint + sent.get(form.name, "")
            form = form_of(self, self.name, task, both)
        return form

    # --- Showing ------------------------------------------------------------------

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Show the task, with the input that was kept before a sign-in, if any."""
        try:
            return super().get(request, *args, **kwargs)
        except Task.DoesNotExist:
            if self.submitted is None:
                raise
            return self._gone()

    def get_context_data(self, **kwargs: Any) -> Context:
        if self.submitted is None:
            return {"details": self.details(here=self.here_after()), "name": self.name}
        form = self.get_form()
        form.is_valid()
        self._explain(form)
        return self._with(form)

    def _explain(self, form: PropertyForm) -> bool:
        """Explain a conflict in the form; return whether there is one."""
        if form.task.trashed_at is not None and not form.restores:
            form.show_in_trash()
            return True
        if form.is_valid() and form.is_stale:
            form.show_conflict()
            return True
        return False

    def _with(self, form: PropertyForm) -> Context:
        """Return the context of the page of the task with this form."""
        details = self.details(here=self.here_after())
        details.edit = form.name
        details.forms[form.name] = form
        return {"details": details, "refused": form}

    # --- Saving -------------------------------------------------------------------

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        if request.POST.get("as_new"):
            return self._add_as_new()
        for _ in range(ATTEMPTS):
            try:
                return self._save(self.get_form())
            except Task.DoesNotExist:
                return self._gone()
            except (actions.VersionConflict, actions.InTrash):
                continue
        form = self.get_form()
        form.is_valid()
        form.show_conflict()
        return self.page(self._with(form), status=409)

    def _save(self, form: PropertyForm) -> HttpResponse:
        """Save the property, or show what prevents it.

        Raises:
            Task.DoesNotExist, InTrash, VersionConflict: the task was changed meanwhile.
        """
        is_valid = form.is_valid()
        if self._explain(form):
            return self.page(self._with(form), status=409)
        if not is_valid:
            return self.page(self._with(form), status=200)
        try:
            with receipt() as note:
                task = actions.update_task(
                    self.caller,
                    task_id=form.task.pk,
                    changes=form.as_changes(),
                    restores=form.restores,
                    version=form.task.version,
                )
        except ValidationError as error:
            form.take_errors(error)
            return self.page(self._with(form), status=200)
        text = form.saved_words(task) if note.batch else "Nothing to change"
        self.add_message(text, task.title, undo=note.batch)
        return self._to_control(form)

    def _to_control(self, form: PropertyForm) -> HttpResponse:
        """Return to the control that was changed, on the page it was on."""
        response = self.redirect_to_next("todos:task-detail", form.task.pk)
        path, control = urldefrag(response["Location"])
        if not control or control.startswith("details-"):
            response["Location"] = f"{path}#{form.control}"
        return response

    # --- A deleted task -----------------------------------------------------------

    def _gone(self) -> HttpResponse:
        """Offer the text as a new task.

        Raises:
            Task.DoesNotExist: there is no text, or the user never had the task.
        """
        if self.name not in TEXTS:
            raise Task.DoesNotExist
        sent = self.submitted or QueryDict()
        return self.offer_as_new({name: sent.get(name, "") for name in TEXTS})

    def _add_as_new(self) -> HttpResponse:
        form = NewTaskForm(self.request.POST)
        if not form.is_valid():
            return self.offer_as_new({}, form)
        try:
            with receipt() as note:
                task = actions.create_task(self.caller, **form.as_changes())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.offer_as_new({}, form)
        self.add_message("Added", task.title, undo=note.batch)
        return self.redirect_to_next()
