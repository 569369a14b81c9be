"""The pages that require a recent sign-in, and those to sign in again."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import (
    ConfirmReauthenticationCodeView,
    RequestReauthenticationCodeView,
)
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from rest_framework.exceptions import Throttled

from accounts import password_attempts
from accounts.adapter import session_key_of
from accounts.authentication import page_credential, user_of
from accounts.sign_in_records import discard_code_of_another_user
from accounts.social_adapter import PROMPT_LOGIN
from config.api.throttling import count_request
from config.drafts import Refused, way_back
from config.errors import not_kept

View = Callable[..., HttpResponseBase]


def recent_sign_in_required(view: View) -> View:
    """Make a user without a recent sign-in sign in again, and return here."""

    @wraps(view)
    def guarded(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if page_credential(request).is_recent(at=timezone.now()):
            return view(request, *args, **kwargs)
        try:
            back = way_back(request)
        except Refused as refusal:
            return not_kept(request, refusal)
        return HttpResponseRedirect(_url_to_sign_in_again(request, back))

    return guarded


def recent_factor_required(view: View) -> View:
    """Do the same for a user with a second factor alone.

    It is for pages that ask for the password themselves.
    """
    with_factor = recent_sign_in_required(view)

    @wraps(view)
    def guarded(
        request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        has_factor = bool(getattr(request.user, "has_factor", False))
        return (with_factor if has_factor else view)(request, *args, **kwargs)

    return guarded


def _url_to_sign_in_again(request: HttpRequest, back: str) -> str:
    user = user_of(request)
    if user.has_factor:
        page = "mfa_reauthenticate"
    elif user.has_usable_password():
        page = "account_reauthenticate"
    else:
        page = "accounts:sign-in-again"
    return f"{reverse(page)}?{urlencode({REDIRECT_FIELD_NAME: back})}"


class SignInAgainView(TemplateView):
    """Show a user without a password how to sign in again."""

    template_name = "accounts/sign_in_again.html"

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        back = get_next_redirect_url(request) or reverse("accounts:security")
        if page_credential(request).is_recent(at=timezone.now()):
            return HttpResponseRedirect(back)
        user = user_of(request)
        if user.has_factor or user.has_usable_password():
            return HttpResponseRedirect(_url_to_sign_in_again(request, back))
        return self.render_to_response(
            {
                "back": back,
                "ask_again": PROMPT_LOGIN,
                "ask_for_code": self._address_for_code(back),
                "issuers": user.identities.values_list("issuer", flat=True),
            }
        )

    def _address_for_code(self, back: str) -> str | None:
        """Return the URL to request a code by mail, None without a verified address."""
        methods = get_adapter().get_reauthentication_methods(self.request.user)
        if not methods:
            return None
        return f"{methods[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: back})}"


# --- With a code from a mail -------------------------------------------------------


class RequestCodeView(RequestReauthenticationCodeView):
    """Request a code by mail, a few times in an hour for all sessions together."""

    def form_valid(self, form: Any) -> HttpResponse:
        reading = count_request("code", str(self.request.user.pk), now=time.time())
        if reading.wait is not None:
            raise Throttled(wait=reading.wait)
        response: HttpResponse = super().form_valid(form)
        return response


class ConfirmCodeView(ConfirmReauthenticationCodeView):
    """Enter the code from the mail. It is valid only for the user who requested it."""

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        discard_code_of_another_user(request, user_of(request))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def post(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        user = user_of(request)
        response: HttpResponse
        with password_attempts.code_attempt(
            user, session=session_key_of(request)
        ) as self.attempt:
            response = super().post(request, *args, **kwargs)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        self.attempt.failed = True
        response: HttpResponse = super().form_invalid(form)
        return response
