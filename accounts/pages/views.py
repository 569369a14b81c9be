"""The pages of the account: settings, security, addresses, deletion."""

import time
from typing import Any

from allauth.account import views as allauth
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from rest_framework.exceptions import Throttled

from accounts import device_cookies, emails, factors, support
from accounts.authentication import user_of
from accounts.better_auth.issuers import trusted_issuers
from accounts.credentials import (
    DELETION_GRACE,
    CredentialEnded,
    live_sign_ins,
    request_deletion,
    sign_out_everywhere,
)
from accounts.emails import Confirmation
from accounts.event_words import rows_of
from accounts.models import BrowserSession, PersonalAccessToken
from accounts.pages.factors import factors_in_words
from accounts.pages.forms import PasswordResetKeyForm
from accounts.pages.recent_sign_in import (
    recent_factor_required,
    recent_sign_in_required,
)
from accounts.pages.sign_out import clear_browser
from config.api.throttling import count_request
from config.drafts import KeepsDraft


class SecurityView(TemplateView):
    """The state of each part of the account's security, with links to its pages."""

    template_name = "accounts/security.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        user = user_of(self.request)
        now = timezone.now()
        identities = list(user.identities.order_by("created_at", "pk"))
        tokens = PersonalAccessToken.objects.filter(user=user)
        newest = user.security_events.order_by("-at", "-pk")
        return super().get_context_data(
            is_verified=emails.is_verified(user),
            pending_address=emails.pending_address(user),
            factors=factors_in_words(factors.factors_of(user)),
            identities=identities,
            paused=any(one.suspended_at for one in identities),
            can_connect=bool(trusted_issuers()),
            browsers=BrowserSession.objects.live(user, at=now).count(),
            apps=live_sign_ins(user, at=now),
            tokens=tokens.live(at=now).count(),
            grant=support.live_grant(user, at=now),
            last_event=next(iter(rows_of(newest[:1])), None),
            days=DELETION_GRACE.days,
            **kwargs,
        )


@method_decorator(recent_sign_in_required, name="dispatch")
class EmailView(KeepsDraft, allauth.EmailView):
    """Change the address: the new one replaces it once it is verified."""

    def post(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if "action_primary" in request.POST:
            # allauth would make an unverified address the login name.
            return redirect("account_email")
        # Each request sends a mail to an address that the user needn't own.
        user_id = str(user_of(request).pk)
        reading = count_request("new-address", user_id, now=time.time())
        if reading.wait is not None:
            raise Throttled(wait=reading.wait)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


class ConfirmEmailView(allauth.ConfirmEmailView):
    """Follow the link that verifies an address; only the POST changes anything."""

    def get_object(self, queryset: object = None) -> Confirmation:
        confirmation = Confirmation.from_key(self.kwargs["key"])
        if confirmation is None:
            raise Http404
        return confirmation

    def logout_other_user(self, confirmation: object) -> None:
        """Keep the user of this browser signed in: anyone can send them a link."""


class PasswordResetFromKeyView(allauth.PasswordResetFromKeyView):
    """Follow the link that resets a password."""

    def logout(self) -> None:
        """Keep the user of this browser signed in, as above."""

    def form_valid(self, form: PasswordResetKeyForm) -> HttpResponse:
        """Set the device cookie: the visitor has shown that they read the mailbox."""
        try:
            response: HttpResponse = super().form_valid(form)
        except CredentialEnded:
            return redirect(
                self.request.get_full_path()
            )  # which says that the link is void
        device_cookies.set_cookie(self.request, response, self.reset_user.email)
        return response


@method_decorator(recent_factor_required, name="dispatch")
class PasswordChangeView(allauth.PasswordChangeView):
    """Change the password, which the form asks for first."""


@method_decorator(recent_sign_in_required, name="dispatch")
class PasswordSetView(allauth.PasswordSetView):
    """Set a first password, for a user who came through an issuer."""


class SignOutEverywhereView(TemplateView):
    """End every session and token of the user, including this session."""

    template_name = "accounts/sign_out_everywhere.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        sign_out_everywhere(user=user_of(request), at=timezone.now())
        logout(request)
        messages.success(request, "You have signed out everywhere.")
        return clear_browser(redirect("account_login"))


@method_decorator(recent_sign_in_required, name="dispatch")
class DeletionView(TemplateView):
    """Lock the account now; it is deleted a week later."""

    template_name = "accounts/delete.html"
    extra_context = {"days": DELETION_GRACE.days}  # noqa: RUF012 - never changed

    def post(self, request: HttpRequest) -> HttpResponse:
        request_deletion(user=user_of(request), at=timezone.now())
        logout(request)
        messages.success(
            request,
            f"Your account is locked. It will be deleted in {DELETION_GRACE.days} "
            "days. To keep it, sign in before then.",
        )
        return clear_browser(redirect("account_login"))
