"""The pages on which users let support staff look at their tasks, and watch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView
from rest_framework.exceptions import Throttled

from accounts import support
from accounts.authentication import user_of
from accounts.models import REASON_MAX_LENGTH, SupportGrant
from accounts.pages.recent_sign_in import recent_sign_in_required
from config.api.throttling import count_request
from config.drafts import KeepsDraft
from config.text import TextFormField

if TYPE_CHECKING:
    AllowFormView = FormView["AllowForm"]
else:
    AllowFormView = FormView


class AllowForm(forms.Form):
    """For how long staff may look, and why."""

    minutes = forms.TypedChoiceField(
        coerce=int,
        label="For how long",
        choices=[(minutes, f"{minutes} minutes") for minutes in support.MINUTES],
        initial=support.MINUTES[0],
        widget=forms.RadioSelect,
    )
    reason = TextFormField(
        max_length=REASON_MAX_LENGTH,
        label="What should they look at?",
        help_text="In your own words. Support reads this first.",
    )


class SupportView(TemplateView):
    """The view that is open now with each look, and the earlier ones."""

    template_name = "accounts/support.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        user, now = user_of(self.request), timezone.now()
        live = support.live_grant(user, at=now)
        earlier = SupportGrant.objects.filter(user=user).annotate(seen=Count("looks"))
        if live is not None:
            earlier = earlier.exclude(pk=live.pk)
            kwargs |= {"grant": live, "code": support.code_of(live)}
            kwargs["looks"] = live.looks.select_related("by").order_by("-pk")
        return super().get_context_data(earlier=earlier.order_by("-pk"), **kwargs)


class EarlierView(TemplateView):
    """A view that has ended, with each look."""

    template_name = "accounts/support_earlier.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        grants = SupportGrant.objects.filter(user=user_of(request))
        grant = get_object_or_404(grants, pk=pk)
        if grants.live(at=timezone.now()).filter(pk=pk).exists():
            return redirect("accounts:support")
        looks = grant.looks.select_related("by").order_by("-pk")
        return self.render_to_response({"grant": grant, "looks": looks})


@method_decorator(recent_sign_in_required, name="dispatch")
class AllowView(KeepsDraft, AllowFormView):
    """Let one member of staff look for some minutes."""

    form_class = AllowForm
    template_name = "accounts/support_allow.html"
    success_url = reverse_lazy("accounts:support")

    def form_valid(self, form: AllowForm) -> HttpResponse:
        user, now = user_of(self.request), timezone.now()
        reading = count_request("support", str(user.pk), now=now.timestamp())
        if reading.wait is not None:
            raise Throttled(wait=reading.wait)
        try:
            support.grant(user=user, at=now, **form.cleaned_data)
        except support.AlreadyGranted:
            messages.error(
                self.request, "Support can look already. End that first to begin again."
            )
        else:
            messages.success(
                self.request, "Support can look now. Tell them the code below."
            )
        return super().form_valid(form)


class EndView(TemplateView):
    """End the view at once."""

    template_name = "accounts/support_end.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        if support.end(user=user_of(request), at=timezone.now()):
            messages.success(request, "Support can't look any more.")
        else:
            messages.info(request, "This had ended already. Support can't look.")
        return redirect("accounts:support")
