"""The pages of personal access tokens: creating one, its activity, ending it.

What a token did comes from the ledger, and can be undone here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView

from accounts import personal_tokens
from accounts.credentials import Credential
from accounts.models import PersonalAccessToken
from accounts.pages.recent_sign_in import recent_sign_in_required
from accounts.times import time_words
from config.api.scopes import SCOPES, with_included, without_included
from config.drafts import KeepsDraft
from todos import actions, idempotency
from todos.actions.undo_by_credential import UndoneSince
from todos.models import Change, TaskList
from todos.pages.changes import conflict_text, sentences_of
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.rows import day_words
from todos.pages.token_forms import RightsForm, TokenForm, UndoForm, refuse

if TYPE_CHECKING:
    NewTokenFormView = FormView[TokenForm]
    UndoFormView = FormView[UndoForm]
    RightsFormView = FormView[RightsForm]
else:
    NewTokenFormView = UndoFormView = RightsFormView = FormView

ACTIVITY_SHOWN = 50  # changes
CONFLICTS_SHOWN = 3
ALREADY = "This token has been created. Its text can't be shown again."


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token in words."""

    pk: UUID
    name: str
    rights: list[str]
    can_lose_rights: bool
    lists: str
    created: str
    expires: str
    used: str
    used_where: str
    is_live: bool
    ended: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One change that was made with a token, in words."""

    what: str
    at: datetime
    when: str


class TokenPage(UserPageMixin):
    """What these pages share: the user's tokens, in words."""

    default_next = "todos:tokens"

    @cached_property
    def token(self) -> PersonalAccessToken:
        """The token of this user that the URL names.

        Raises:
            PersonalAccessToken.DoesNotExist: there is none; the page is a 404.
        """
        return PersonalAccessToken.objects.get(user=self.user, pk=self.kwargs["pk"])

    def shown(self, tokens: Iterable[PersonalAccessToken]) -> list[ShownToken]:
        """Return tokens in words, with the names of their lists as they are now."""
        names = dict(
            TaskList.objects.owned_by(self.user).live().values_list("pk", "name")
        )
        return [self._shown(token, names) for token in tokens]

    def _shown(self, token: PersonalAccessToken, names: dict[UUID, str]) -> ShownToken:
        is_ended = (
            token.revoked_at is not None or token.epoch != self.user.credential_epoch
        )
        is_live = not is_ended and token.expires_at > self.now
        used = token.last_used_at
        return ShownToken(
            pk=token.pk,
            name=token.name,
            rights=[SCOPES[key] for key in without_included(token.scopes.split())],
            can_lose_rights=is_live and len(with_included(token.scopes.split())) > 1,
            lists=_lists(token.list_ids, names),
            created=self.when(token.created_at),
            expires=self.when(token.expires_at),
            used=self.when(used) if used else "Never",
            used_where=" · ".join(filter(None, (token.device, token.network))),
            is_live=is_live,
            ended="" if is_live else "revoked" if is_ended else "expired",
        )

    def when(self, at: datetime) -> str:
        """Return a time in the user's words, such as `today, 17:30`."""
        local = at.astimezone(self.user.zone).replace(second=0, microsecond=0)
        day = day_words(local.date(), today=self.today)
        return f"{day}, {time_words(local.time(), self.user.clock)}"


def _lists(ids: list[UUID] | None, names: dict[UUID, str]) -> str:
    if ids is None:
        return "All lists"
    found = [names[key] for key in ids if key in names]
    gone = len(ids) - len(found)
    if gone:
        found.append("a deleted list" if gone == 1 else f"{gone} deleted lists")
    return ", ".join(found)


class TokenListView(TokenPage, TemplateView):
    """The tokens of the user: live ones, and those that ended lately."""

    template_name = "todos/tokens.html"

    def get_context_data(self, **kwargs: object) -> Context:
        tokens = PersonalAccessToken.objects.filter(user=self.user)
        shown = self.shown(tokens.order_by("-created_at", "-pk")[:_SHOWN])
        return super().get_context_data(**kwargs) | {
            "live": [token for token in shown if token.is_live],
            "ended": [token for token in shown if not token.is_live],
        }


_SHOWN = 3 * personal_tokens.MOST  # ended ones are deleted after 30 days


@method_decorator([recent_sign_in_required, never_cache], name="dispatch")
class NewTokenView(KeepsDraft, TokenPage, NewTokenFormView):
    """Create a token. The response to the form is the only one that shows its text."""

    form_class = TokenForm
    template_name = "todos/token_new.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        lists = TaskList.objects.owned_by(self.user).active().in_order()
        return super().get_form_kwargs() | {
            "clock": self.clock,
            "lists": list(lists.values_list("pk", "name")),
        }

    def form_valid(self, form: TokenForm) -> HttpResponse:
        key = f"access token {form.cleaned_data['once']}"
        try:
            with transaction.atomic():
                idempotency.claim(owner=self.user, key=key)
                if idempotency.find_answer(owner=self.user, key=key, at=self.now):
                    return self._already()
                token, text = personal_tokens.create(
                    user=self.user,
                    name=form.cleaned_data["name"],
                    limits=form.limits(at=self.now),
                    at=self.now,
                )
                idempotency.store_answer(
                    owner=self.user,
                    key=key,
                    request_digest=b"",
                    status=200,
                    headers={},
                    body=b"",
                    at=self.now,
                )
        except idempotency.KeyInUse:
            return self._already()
        except personal_tokens.TooManyTokens as refusal:
            refuse(form, refusal.text)
            return self.form_invalid(form)
        return self._show_once(token, text)

    def _already(self) -> HttpResponse:
        messages.info(self.request, ALREADY)
        return redirect("todos:tokens")

    def _show_once(self, token: PersonalAccessToken, text: str) -> HttpResponse:
        """Show the text in this response. A redirect would have to store it."""
        (shown,) = self.shown([token])
        context = {"token": shown, "text": text, "view": self}
        self.template_name = "todos/token_created.html"
        return self.render_to_response(context)


class TokenView(TokenPage, TemplateView):
    """One token: what it may do, and what it did."""

    template_name = "todos/token.html"

    def get_context_data(self, **kwargs: object) -> Context:
        (shown,) = self.shown([self.token])
        changes = Change.objects.owned_by(self.user).filter(
            credential=credential_of(self.token)
        )
        found = list(changes.order_by("-seq")[: ACTIVITY_SHOWN + 1])
        shown_changes = found[:ACTIVITY_SHOWN]
        texts = sentences_of(shown_changes, owner=self.user)
        return super().get_context_data(**kwargs) | {
            "token": shown,
            "deeds": [
                Deed(text, change.at, self.when(change.at))
                for text, change in zip(texts, shown_changes, strict=True)
            ],
            "has_more": len(found) > ACTIVITY_SHOWN,
        }


def credential_of(token: PersonalAccessToken) -> str:
    """Return how the ledger names the token."""
    return str(Credential(personal_tokens.KIND, str(token.pk)))


class RevokeView(TokenPage, TemplateView):
    """End a token; a GET asks first."""

    template_name = "todos/confirm.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {
            "verb": "Revoke",
            "name": self.token.name,
            "next": reverse("todos:token", args=[self.token.pk]),
        }

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        token = self.token
        done = personal_tokens.revoke(user=self.user, token_id=token.pk, at=self.now)
        text = "Revoked" if done else "This token has ended already"
        self.add_message(text, token.name)
        return redirect("todos:token", token.pk)


class RightsView(TokenPage, RightsFormView):
    """Take rights away from a token; it never gets new ones."""

    form_class = RightsForm
    template_name = "todos/token_rights.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        scopes = self.token.scopes.split()
        return super().get_form_kwargs() | {"scopes": with_included(scopes)}

    def get_initial(self) -> dict[str, Any]:
        return {"scopes": sorted(with_included(self.token.scopes.split()))}

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {"token": self.token}

    def form_valid(self, form: RightsForm) -> HttpResponse:
        token = self.token
        scopes = form.cleaned_data["scopes"]
        try:
            personal_tokens.narrow(
                user=self.user, token_id=token.pk, scopes=scopes, at=self.now
            )
        except ValueError:  # another tab took the chosen ones away
            refuse(form, "The token no longer has these rights.")
            return self.form_invalid(form)
        self.add_message("The token may do less now", token.name)
        return redirect("todos:token", token.pk)


class UndoTokenView(TokenPage, UndoFormView):
    """Undo what a token did since a time, as far as nothing was changed since."""

    form_class = UndoForm
    template_name = "todos/token_undo.html"

    def get_initial(self) -> dict[str, Any]:
        return super().get_initial() | self.request.GET.dict()

    def get_context_data(self, **kwargs: Any) -> Context:
        (shown,) = self.shown([self.token])
        is_rest = bool(self.request.GET.get("before"))
        return super().get_context_data(**kwargs) | {"token": shown, "is_rest": is_rest}

    def form_valid(self, form: UndoForm) -> HttpResponse:
        token = self.token
        try:
            done = actions.undo_since(
                self.caller,
                credential=credential_of(token),
                since=form.start(created_at=token.created_at, now=self.now),
                before=form.cleaned_data["before"],
            )
        except actions.AccountFull as refusal:
            refuse(form, str(refusal))
            return self.form_invalid(form)
        self._tell(done)
        if done.after is not None:
            rest = {"since": form.cleaned_data["since"], "before": done.after}
            here = reverse("todos:token-undo", args=[token.pk])
            return redirect(f"{here}?{urlencode(rest)}")
        return redirect("todos:token", token.pk)

    def _tell(self, done: UndoneSince) -> None:
        plural = "" if done.count == 1 else "s"
        if done.count:
            text = f"Undone: {done.count:,} change{plural}"
            self.add_message(text, undo=done.batch)
        elif not done.refusals:
            messages.info(self.request, "There is nothing left to undo.")
        for refusal in done.refusals[:CONFLICTS_SHOWN]:
            ids = getattr(refusal, "changes", None)
            text = str(refusal)
            if ids is not None:
                text = conflict_text(ids, owner=self.user)
            messages.error(self.request, text)
        more = len(done.refusals) - CONFLICTS_SHOWN
        if more > 0:
            messages.error(
                self.request,
                f"{more} more can no longer be undone, as they changed since.",
            )
