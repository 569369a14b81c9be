"""The pages that create, change, delete and restore lists."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from config.drafts import KeepsDraft
from config.toasts import ToastAction
from todos import actions
from todos.actions.removal import TRASH_DAYS
from todos.ledger import receipt
from todos.models import TaskList
from todos.pages.editing import EditPage
from todos.pages.forms import ListDeleteForm, ListForm
from todos.pages.generic import ListDeleteFormView, ListFormView
from todos.pages.mixins import Context, UserPageMixin


class ListCreateView(KeepsDraft, UserPageMixin, ListFormView):
    """Create a list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm

    def form_valid(self, form: ListForm) -> HttpResponse:
        navigation = self.navigation
        if form.repeats([*navigation.active, *navigation.archived]):
            return self.form_invalid(form)
        try:
            with receipt() as note:
                new = actions.create_list(self.caller, **form.as_changes())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_message("List created", new.name, undo=note.batch)
        return self.redirect_to_next("todos:list-detail", new.pk)


class OwnListMixin(UserPageMixin):
    """A page about one of the user's lists."""

    @cached_property
    def list(self) -> TaskList:
        """The list; one in the trash only if a form was sent."""
        lists = TaskList.objects.owned_by(self.user)
        if self.submitted is None:
            lists = lists.live()
        return lists.get(pk=self.kwargs["pk"])

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        """Return to the previous page with a message if an action refuses."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
            # A list in the trash has no page.
            has_page = self.list.trashed_at is None
            default = ("todos:list-detail", self.list.pk) if has_page else ()
            return self.redirect_to_next(*default)

    def not_the_inbox(self) -> TaskList:
        """Return the list.

        Raises:
            InboxProtected: it is the inbox.
        """
        if self.list.is_inbox:
            raise actions.InboxProtected
        return self.list

    def not_in_trash(self) -> TaskList:
        """Return the list.

        Raises:
            InTrash: it was put there while the form was open.
        """
        if self.list.trashed_at is not None:
            raise actions.InTrash("The list is in the trash. Restore it first.")
        return self.list


class ListUpdateView(EditPage, OwnListMixin):
    """Edit the name and colour of a list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm
    create_url_name = "todos:list-create"
    deleted_text = (
        "This list was deleted permanently after you opened it."
        " Create it again to keep your changes."
    )

    @property
    def edited(self) -> TaskList:
        return self.list

    def form_for_new(self) -> ListForm:
        return ListForm(self.submitted)

    def get_initial(self) -> Context:
        own = self.not_the_inbox()
        return {"name": own.name, "colour": own.colour}

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {"list": self.list}

    def form_valid(self, form: ListForm) -> HttpResponse:
        lists = [*self.navigation.active, *self.navigation.archived]
        if form.repeats(row for row in lists if row.pk != self.kwargs["pk"]):
            return self.form_invalid(form)
        try:
            with receipt() as note:
                own = actions.update_list(
                    self.caller,
                    list_id=self.list.pk,
                    changes=form.as_changes(),
                    restores=form.restores,
                )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        except TaskList.DoesNotExist:  # deleted since it was loaded
            return self.offer_as_new()
        self.add_message("Saved", own.name, undo=note.batch)
        return self.redirect_to_next("todos:list-detail", own.pk)


class ListActionView(OwnListMixin, TemplateView):
    """A button that changes a list; a GET asks for confirmation."""

    template_name = "todos/confirm.html"
    verb: str

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "verb": self.verb,
            "name": self.list.name,
            "next": self.next_url("todos:list-detail", self.list.pk),
        }


class ListArchiveView(ListActionView):
    """Archive or unarchive a list."""

    verb = "Archive"
    archives = True

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        with receipt() as note:
            own = actions.update_list(
                self.caller,
                list_id=self.not_in_trash().pk,
                changes={"archived_at": self.now if self.archives else None},
            )
        text = "Archived" if self.archives else "Unarchived"
        self.add_message(text, own.name, undo=note.batch)
        return self.redirect_to_next("todos:list-detail", own.pk)


class ListDeleteView(OwnListMixin, ListDeleteFormView):
    """Put a list into the trash, after asking what happens to its tasks."""

    template_name = "todos/tasklist_confirm_delete.html"
    form_class = ListDeleteForm

    def get_form_kwargs(self) -> Context:
        own = self.not_the_inbox()
        others = [row for row in self.navigation.active if row.pk != own.pk]
        return super().get_form_kwargs() | {"lists": others}

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "list": self.list,
            "days": TRASH_DAYS,
        }

    def post(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if self.list.trashed_at is not None:
            self.add_message("Already in the trash", self.list.name)
            return self.redirect_to_next()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: ListDeleteForm) -> HttpResponse:
        try:
            with receipt() as note:
                own = actions.trash_list(
                    self.caller,
                    list_id=self.list.pk,
                    move_to=form.cleaned_data["move_to"],
                )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.add_message("Moved to the trash", own.name, undo=note.batch)
        return self.redirect_to_next()


class ListRestoreView(ListActionView):
    """Restore a list, with the tasks that were deleted with it.

    The field `task` names a task that was restored earlier, and moves back to it.
    """

    verb = "Restore"

    @cached_property
    def list(self) -> TaskList:
        return TaskList.objects.owned_by(self.user).get(pk=self.kwargs["pk"])

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            with receipt() as note:
                own = actions.restore_list(
                    self.caller, list_id=self.list.pk, with_task=self._task_id()
                )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return self.redirect_to_next("todos:task-trash")
        path = reverse("todos:list-detail", args=[own.pk])
        links = [ToastAction("Open the list", path)]
        self.add_message("Restored", own.name, undo=note.batch, actions=links)
        return self.redirect_to_next("todos:list-detail", own.pk)

    def _task_id(self) -> UUID | None:
        """Return the task that was restored without the list, if the form names it."""
        try:
            return UUID(self.request.POST.get("task", ""))
        except ValueError:
            return None
