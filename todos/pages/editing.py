"""Editing an object that can change, or disappear, while its form is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from config.drafts import KeepsDraft
from todos.models import Task, TaskList
from todos.pages.forms import EditForm
from todos.pages.generic import EditFormView
from todos.pages.mixins import Context, UserPageMixin


class EditPage(KeepsDraft, UserPageMixin, EditFormView):
    """A page with the form of one object, which never loses the user's input.

    If the object is in the trash when the form is sent, the form is shown again, and
    sending it a second time restores the object. If it is deleted permanently, the form
    is offered for a new object.
    """

    deleted_text: ClassVar[str]
    create_url_name: ClassVar[str]

    @property
    def edited(self) -> Task | TaskList:
        """The object; one in the trash only if a form was sent.

        Raises:
            ObjectDoesNotExist: it is deleted, or the user never had it.
        """
        raise NotImplementedError

    def form_for_new(self) -> EditForm:
        """Return the form for a new object with the submitted input."""
        raise NotImplementedError

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        conflict = None if self.submitted is None else self._conflict()
        return conflict or super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        return self._conflict() or super().post(request, *args, **kwargs)

    def _conflict(self) -> HttpResponse | None:
        """Return the response if the object is in the trash or deleted, or None."""
        try:
            form = self.get_form()
        except ObjectDoesNotExist:
            return self.offer_as_new()
        if self.edited.trashed_at is None or form.restores:
            return None
        return self.ask_again(form, form.show_in_trash, self.edited.version)

    def ask_again(
        self, form: EditForm, explain: Callable[[int], None], version: int
    ) -> HttpResponse:
        """Show the input again with an explanation of what happened to the object.

        Sending the form again overrides the changes up to `version`, but no later ones.
        """
        form.is_valid()
        explain(version)
        return self._render_conflict(self.get_context_data(form=form))

    def offer_as_new(self) -> HttpResponse:
        """Show the input for a deleted object as the form of a new one.

        Raises:
            ObjectDoesNotExist: the user never had the object.
        """
        if not self.once_had(self.kwargs["pk"]):
            raise ObjectDoesNotExist
        form = self.form_for_new()
        form.is_valid()
        form.add_error(None, self.deleted_text)
        action = reverse(self.create_url_name)
        next_url = self.next_url()
        return self._render_conflict({"form": form, "action": action, "next": next_url})

    def _render_conflict(self, context: Context) -> HttpResponse:
        return self.response_class(
            request=self.request,
            template=self.get_template_names(),
            context=context,
            status=409,
        )
