"""What wants a recent sign-in, and the page that says how to come by one."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.authentication import page_credential
from accounts.models import User
from accounts.outside import AGAIN
from config.drafts import Refused, way_back
from config.errors import not_kept

View = Callable[..., HttpResponseBase]


def recent_sign_in_required(view: View) -> View:
    """Send whoever hasn't signed in lately to prove who they are, and back here."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if page_credential(request).is_recent(at=timezone.now()):
            return view(request, *args, **kwargs)
        try:
            back = way_back(request)
        except Refused as refusal:
            return not_kept(request, refusal)
        return redirect(_way_to_sign_in_again(request, back))

    return guarded


def _way_to_sign_in_again(request: HttpRequest, back: str) -> str:
    assert isinstance(request.user, User)
    by_password = request.user.has_usable_password()
    page = "account_reauthenticate" if by_password else "accounts:sign-in-again"
    return f"{reverse(page)}?{urlencode({REDIRECT_FIELD_NAME: back})}"


class SignInAgainView(TemplateView):
    """Say to a user without a password how to sign in again, and where."""

    template_name = "accounts/sign_in_again.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        back = get_next_redirect_url(request) or reverse("accounts:security")
        if page_credential(request).is_recent(at=timezone.now()):
            return redirect(back)
        assert isinstance(request.user, User)
        if request.user.has_usable_password():
            return redirect(_way_to_sign_in_again(request, back))
        return self.render_to_response(
            {
                "back": back,
                "ask_again": AGAIN,
                "ask_for_code": self._address_for_code(back),
                "issuers": request.user.identities.values_list("issuer", flat=True),
            }
        )

    def _address_for_code(self, back: str) -> str | None:
        """Return where to ask for a code by mail; None without a verified address."""
        methods = get_adapter().get_reauthentication_methods(self.request.user)
        if not methods:
            return None
        return f"{methods[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: back})}"
