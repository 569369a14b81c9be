"""The pages that make, change, delete and restore lists."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.generic import FormView, TemplateView

from config.drafts import KeepsDraft
from todos import actions
from todos.actions.removal import TRASH_DAYS
from todos.ledger import receipt
from todos.models import TaskList
from todos.pages.forms import ListDeleteForm, ListForm
from todos.pages.mixins import PersonMixin, SeeOther


class ListCreateView(KeepsDraft, PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """A new list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm

    def form_valid(self, form: ListForm) -> HttpResponse:
        try:
            with receipt() as note:
                new = actions.create_list(self.caller, **form.as_changes())
        except (ValidationError, actions.AccountFull) as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.say("New list", new.name, undo=note.batch)
        return SeeOther(self.next_url("todos:list-detail", new.pk))


class OwnListMixin(PersonMixin):
    """A page about one of the person's lists."""

    @cached_property
    def list(self) -> TaskList:
        """The list; one in the trash only where a form was sent about it."""
        lists = TaskList.objects.owned_by(self.person)
        if self.written is None:
            lists = lists.live()
        return lists.get(pk=self.kwargs["pk"])

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Go back with the reason where an action refuses."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
            # Of a list in the trash there is no page to go back to.
            is_there = self.list.trashed_at is None
            default = ("todos:list-detail", kwargs["pk"]) if is_there else ()
            return SeeOther(self.next_url(*default))

    def not_the_inbox(self) -> TaskList:
        """Return the list.

        Raises:
            InboxProtected: it is the inbox, and there is nothing to ask about it.
        """
        if self.list.is_inbox:
            raise actions.InboxProtected
        return self.list

    def not_in_trash(self) -> TaskList:
        """Return the list.

        Raises:
            InTrash: it is there since the form was opened.
        """
        if self.list.trashed_at is not None:
            raise actions.InTrash("The list is in the trash; restore it first.")
        return self.list


class ListUpdateView(KeepsDraft, OwnListMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """The name and colour of a list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm

    def get_initial(self) -> dict[str, Any]:
        own = self.not_the_inbox()
        return {"name": own.name, "colour": own.colour}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"list": self.list}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        changed = None if self.written is None else self._changed_meanwhile()
        return changed or super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._changed_meanwhile() or super().post(request, *args, **kwargs)

    def _changed_meanwhile(self) -> HttpResponse | None:
        """Return the answer where the list of the form is in the trash, or is gone."""
        try:
            form = self.get_form()
        except TaskList.DoesNotExist:
            return self._offer_anew()
        if self.list.trashed_at is None or form.restores:
            return None
        form.is_valid()
        form.show_in_trash(self.list.version)
        return self._conflict(self.get_context_data(form=form))

    def form_valid(self, form: ListForm) -> HttpResponse:
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
        except TaskList.DoesNotExist:  # since it was looked up above
            del self.list
            return self.post(self.request)
        self.say("Saved", own.name, undo=note.batch)
        return SeeOther(self.next_url("todos:list-detail", own.pk))

    def _offer_anew(self) -> HttpResponse:
        """Show what was written about a list that is gone, as a new one.

        Raises:
            TaskList.DoesNotExist: the person never had it.
        """
        if not self.had(self.kwargs["pk"]):
            raise TaskList.DoesNotExist
        form = ListForm(self.written)
        form.is_valid()
        form.add_error(
            None,
            "This list was deleted for good since you opened it."
            " Make it anew to keep what you wrote.",
        )
        return self._conflict({"form": form, "action": reverse("todos:list-create")})

    def _conflict(self, context: dict[str, Any]) -> HttpResponse:
        return self.response_class(
            request=self.request,
            template=self.get_template_names(),
            context=context,
            status=409,
        )


class ListActionView(OwnListMixin, TemplateView):
    """A change of one button; a GET only asks, as in `TaskActionView`."""

    template_name = "todos/confirm.html"
    verb = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "verb": self.verb,
            "name": self.list.name,
            "next": self.next_url("todos:list-detail", self.list.pk),
        }


class ListArchiveView(ListActionView):
    """Put a list away, or take it out again."""

    verb = "Archive"
    puts_away = True

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        with receipt() as note:
            own = actions.update_list(
                self.caller,
                list_id=self.not_in_trash().pk,
                changes={"archived_at": self.now if self.puts_away else None},
            )
        words = "Archived" if self.puts_away else "Back among your lists"
        self.say(words, own.name, undo=note.batch)
        return SeeOther(self.next_url("todos:list-detail", own.pk))


class ListDeleteView(OwnListMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """Put a list into the trash, after asking what becomes of its tasks."""

    template_name = "todos/tasklist_confirm_delete.html"
    form_class = ListDeleteForm

    def get_form_kwargs(self) -> dict[str, Any]:
        own = self.not_the_inbox()
        others = [row for row in self.navigation.active if row.pk != own.pk]
        return super().get_form_kwargs() | {"lists": others}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "list": self.list,
            "days": TRASH_DAYS,
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.list.trashed_at is not None:
            self.say("In the trash already", self.list.name)
            return SeeOther(self.next_url())
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
        self.say("In the trash", own.name, undo=note.batch)
        return SeeOther(self.next_url())


class ListRestoreView(ListActionView):
    """Take a list out of the trash, with the tasks that went there with it."""

    verb = "Restore"

    @cached_property
    def list(self) -> TaskList:
        return TaskList.objects.owned_by(self.person).get(pk=self.kwargs["pk"])

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            with receipt() as note:
                own = actions.restore_list(self.caller, list_id=self.list.pk)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return SeeOther(self.next_url("todos:task-trash"))
        self.say("Restored", own.name, undo=note.batch)
        return SeeOther(self.next_url("todos:list-detail", own.pk))
