"""The pages that make, change and delete lists."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.generic import FormView

from todos import actions
from todos.models import TaskList
from todos.pages.forms import ListDeleteForm, ListForm
from todos.pages.mixins import PersonMixin, SeeOther


class ListCreateView(PersonMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """A new list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm

    def form_valid(self, form: ListForm) -> HttpResponse:
        try:
            new = actions.create_list(**self.caller(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        self.say("New list", new.name)
        return SeeOther(self.next_url("todos:list-detail", new.pk))


class OwnListMixin(PersonMixin):
    """A page about one of the person's lists."""

    @cached_property
    def list(self) -> TaskList:
        return TaskList.objects.owned_by(self.person).live().get(pk=self.kwargs["pk"])

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Go back with the reason where an action refuses."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except actions.Refused as refusal:
            messages.error(request, str(refusal))
            return SeeOther(self.next_url("todos:list-detail", kwargs["pk"]))

    def not_the_inbox(self) -> TaskList:
        """Return the list.

        Raises:
            InboxStays: it is the inbox, and there is nothing to ask about it.
        """
        if self.list.is_inbox:
            raise actions.InboxStays("The inbox keeps its name and its place.")
        return self.list


class ListUpdateView(OwnListMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """The name and colour of a list."""

    template_name = "todos/tasklist_form.html"
    form_class = ListForm

    def get_initial(self) -> dict[str, Any]:
        own = self.not_the_inbox()
        return {"name": own.name, "colour": own.colour}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"list": self.list}

    def form_valid(self, form: ListForm) -> HttpResponse:
        own = actions.update_list(
            **self.caller(), list_id=self.list.pk, changes=form.cleaned_data
        )
        self.say("Saved", own.name)
        return SeeOther(self.next_url("todos:list-detail", own.pk))


class ListArchiveView(OwnListMixin):
    """Put a list away, or take it out again."""

    puts_away = True

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        own = actions.update_list(
            **self.caller(),
            list_id=kwargs["pk"],
            changes={"archived_at": self.now if self.puts_away else None},
        )
        words = "Archived" if self.puts_away else "Back among your lists"
        undo = "todos:list-unarchive" if self.puts_away else ""
        self.say(words, own.name, undo=undo, pk=own.pk)
        return SeeOther(self.next_url("todos:list-detail", own.pk))


class ListDeleteView(OwnListMixin, FormView):  # type: ignore[type-arg]  # not at run time
    """Delete a list, after asking what becomes of its tasks."""

    template_name = "todos/tasklist_confirm_delete.html"
    form_class = ListDeleteForm

    def get_form_kwargs(self) -> dict[str, Any]:
        own = self.not_the_inbox()
        others = [row for row in self.navigation.active if row.pk != own.pk]
        return super().get_form_kwargs() | {"lists": others}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"list": self.list}

    def form_valid(self, form: ListDeleteForm) -> HttpResponse:
        try:
            own = actions.trash_list(
                **self.caller(),
                list_id=self.list.pk,
                move_to=form.cleaned_data["move_to"],
            )
        except ValidationError as error:
            form.take_errors(error)
            return self.form_invalid(form)
        self.say("Deleted", own.name)
        return SeeOther(self.next_url())
