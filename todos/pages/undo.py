"""The page that undoes a whole batch, which messages link to."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.generic import TemplateView

from accounts.credentials import SESSION
from config.toasts import ToastAction, add_toast
from todos import actions
from todos.models import Change
from todos.pages.changes import SHOWN_MAX, conflict_text, sentences
from todos.pages.mixins import Context, UserPageMixin

SKIPPED = "undone"  # the session key of batches that are undone, or undo one
SKIPPED_MAX = 40
UNDOABLE_FOR = timedelta(minutes=10)
LOOKED_AT = 25_000  # changes; an import and its undo are the largest batches


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
        return self.undo(self.kwargs["batch"])

    def undo(self, batch: UUID) -> HttpResponse:
        """Undo the batch, show a toast about it, and return to the page."""
        request = self.request
        try:
            undone = actions.undo(self.caller, batch_id=batch)
        except actions.UndoConflict as conflict:
            if actions.is_undone(owner=self.user, batch_id=batch):
                messages.info(request, "This has already been undone.")
            else:
                text = conflict_text(conflict.changes, owner=self.user)
                messages.error(request, text)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            is_redo = self._remember(batch, undone.batch)
            back = ToastAction(
                "Undo" if is_redo else "Redo",
                reverse("todos:undo", args=[undone.batch]),
                is_form=True,
            )
            add_toast(request, "Done again." if is_redo else "Undone.", [back])
        return self.redirect_to_next()

    def _remember(self, batch: UUID, undo: UUID) -> bool:
        """Exclude what was undone from `UndoLastView`; return whether it was a redo."""
        skipped: list[str] = self.request.session.get(SKIPPED, [])
        is_redo = str(batch) in skipped
        # A redo is a change that can be undone like any other.
        new = [str(batch)] if is_redo else [str(batch), str(undo)]
        self.request.session[SKIPPED] = [*skipped, *new][-SKIPPED_MAX:]
        return is_redo


class UndoLastView(UndoView):
    """Undo the last batch of the last ten minutes that was made on the pages."""

    def last_batch(self) -> UUID | None:
        """Return the last batch that is neither undone nor an undo itself."""
        changes = Change.objects.owned_by(self.user)
        last = changes.order_by("-seq").values_list("seq", flat=True).first() or 0
        found = (
            changes.filter(
                seq__gt=last - LOOKED_AT,
                at__gt=self.now - UNDOABLE_FOR,
                credential=str(SESSION),
            )
            .exclude(batch__in=self.request.session.get(SKIPPED, []))
            .order_by("-seq")
        )
        return found.values_list("batch", flat=True).first()

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        """Ask for confirmation, or say that there is nothing to undo."""
        batch = self.last_batch()
        if batch is None:
            return self._nothing()
        self.kwargs["batch"] = batch
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        batch = self.last_batch()
        return self._nothing() if batch is None else self.undo(batch)

    def _nothing(self) -> HttpResponse:
        minutes = int(UNDOABLE_FOR.total_seconds() // 60)
        text = f"Nothing to undo in the last {minutes} minutes."
        messages.info(self.request, text)
        return self.redirect_to_next()
