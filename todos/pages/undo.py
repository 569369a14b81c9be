"""The page that undoes a whole batch, which messages link to."""

from __future__ import annotations

from functools import cached_property

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView

from todos import actions
from todos.models import Change
from todos.pages.changes import SHOWN_MAX, conflict_text, sentences
from todos.pages.mixins import Context, UserPageMixin


class UndoView(UserPageMixin, TemplateView):
    """Undo one batch; a GET asks for confirmation."""

    template_name = "todos/undo.html"

    @cached_property
    def changes(self) -> list[Change]:
        """The first changes of the batch.

        Raises:
            Change.DoesNotExist: the user has no such batch.
        """
        rows = Change.objects.owned_by(self.user).filter(batch=self.kwargs["batch"])
        found = list(rows.order_by("seq")[: SHOWN_MAX + 1])
        if not found:
            raise Change.DoesNotExist
        return found

    def get_context_data(self, **kwargs: object) -> Context:
        texts = sentences(self.changes[:SHOWN_MAX], owner=self.user)
        has_more = len(self.changes) > SHOWN_MAX
        return super().get_context_data(**kwargs) | {
            "sentences": texts,
            "has_more": has_more,
            "next": self.next_url(),
        }

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        batch = self.kwargs["batch"]
        try:
            actions.undo(self.caller, batch_id=batch)
        except actions.UndoConflict as conflict:
            if actions.is_undone(owner=self.user, batch_id=batch):
                messages.info(request, "This has already been undone.")
            else:
                text = conflict_text(conflict.changes, owner=self.user)
                messages.error(request, text)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Undone.")
        return self.redirect_to_next()
