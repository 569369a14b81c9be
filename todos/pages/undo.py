"""Taking back what a message offers to undo: the whole batch, as it was before."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView

from todos import actions
from todos.models import Change
from todos.pages.changes import SHOWN_MAX, in_the_way, sentences
from todos.pages.mixins import PersonMixin, SeeOther


class UndoView(PersonMixin, TemplateView):
    """Undo one batch; a GET only asks."""

    template_name = "todos/undo.html"

    @cached_property
    def changes(self) -> list[Change]:
        """The first changes of the batch.

        Raises:
            Change.DoesNotExist: the person has no such batch.
        """
        rows = Change.objects.owned_by(self.person).filter(batch=self.kwargs["batch"])
        found = list(rows.order_by("seq")[: SHOWN_MAX + 1])
        if not found:
            raise Change.DoesNotExist
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        said = sentences(self.changes[:SHOWN_MAX], owner=self.person)
        has_more = len(self.changes) > SHOWN_MAX
        return super().get_context_data(**kwargs) | {
            "sentences": said,
            "has_more": has_more,
            "next": self.next_url(),
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        batch = kwargs["batch"]
        try:
            actions.undo(self.caller, batch_id=batch)
        except actions.UndoConflict as conflict:
            if actions.is_undone(owner=self.person, batch_id=batch):
                messages.info(request, "This is undone already.")
            else:
                words = in_the_way(conflict.changes, owner=self.person)
                messages.error(request, words)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Undone.")
        return SeeOther(self.next_url())
