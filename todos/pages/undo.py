"""The page that undoes a whole batch, which messages link to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from accounts.credentials import SESSION, Credential
from config.toasts import ToastAction, add_toast
from todos import actions
from todos.models import Change
from todos.pages.changes import SHOWN_MAX, conflict_text, sentences
from todos.pages.mixins import Context, UserPageMixin

UNDO = "undo:"  # begins the key of the credential of an undo; then the batch
UNDONE_BY = str(Credential(SESSION.kind, UNDO))
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
        is_redo = self._is_undo(batch)
        # A redo is a change that can be undone like any other.
        by = SESSION if is_redo else Credential(SESSION.kind, f"{UNDO}{batch}")
        try:
            undone = actions.undo(replace(self.caller, by=by), batch_id=batch)
        except actions.UndoConflict as conflict:
            if actions.is_undone(owner=self.user, batch_id=batch):
                messages.info(request, "This has already been undone.")
            else:
                text = conflict_text(conflict.changes, owner=self.user)
                messages.error(request, text)
        except actions.Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            back = ToastAction(
                "Undo" if is_redo else "Redo",
                reverse("todos:undo", args=[undone.batch]),
                is_form=True,
            )
            add_toast(request, "Done again." if is_redo else "Undone.", [back])
        return self.redirect_to_next()

    def _is_undo(self, batch: UUID) -> bool:
        changes = Change.objects.owned_by(self.user).filter(batch=batch)
        return changes.filter(credential__startswith=UNDONE_BY).exists()


class UndoLastView(UndoView):
    """Undo the last batch of the last ten minutes that was made on the pages."""

    def last_batch(self) -> UUID | None:
        """Return the last batch that is neither undone nor an undo itself."""
        changes = Change.objects.owned_by(self.user)
        last = changes.order_by("-seq").values_list("seq", flat=True).first() or 0
        recent = changes.filter(
            seq__gt=last - LOOKED_AT, at__gt=self.now - UNDOABLE_FOR
        ).order_by("-seq")
        # The ledger tells it, as two requests or browsers can undo at the same time.
        undos = recent.filter(credential__startswith=UNDONE_BY).order_by()
        names = undos.values_list("credential", flat=True).distinct()
        undone = [name.removeprefix(UNDONE_BY) for name in names]
        found = recent.filter(credential=str(SESSION)).exclude(batch__in=undone)
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
