"""The pages of a user whose account is being deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View

from accounts import leaving
from accounts.credentials import CredentialEnded, cancel_deletion
from accounts.models import User
from accounts.pages.everything import download


class _KeepsAccount(TemplateView):
    """A page whose form keeps the account of its user."""

    http_method_names = ["get", "head", "options", "post"]
    account: User

    def find(self) -> User | None:
        raise NotImplementedError

    def refuse(self) -> HttpResponse:
        raise NotImplementedError

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        account = self.find()
        if account is None:
            return self.refuse()
        self.account = account
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(account=self.account, **kwargs)

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        try:
            cancel_deletion(user=self.account, at=timezone.now())
        except CredentialEnded:  # by another request
            return self.refuse()
        request.session.pop(leaving.KEY, None)
        messages.success(
            request, "You keep your account, with everything in it. Sign in to go on."
        )
        return redirect("account_login")


@method_decorator(login_not_required, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class LeavingView(_KeepsAccount):
    """When the account is deleted; keep it, or download what is in it."""

    template_name = "accounts/leaving.html"

    def find(self) -> User | None:
        return leaving.user_of(self.request, at=timezone.now())

    def refuse(self) -> HttpResponse:
        return redirect("account_login")


@method_decorator(login_not_required, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class DownloadView(View):
    """Download what is in the account, without keeping it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect(leaving.PAGE)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        now = timezone.now()
        account = leaving.user_of(request, at=now)
        return download(account, at=now) if account else redirect(leaving.PAGE)


@method_decorator(login_not_required, name="dispatch")
@method_decorator(never_cache, name="dispatch")
class KeepView(_KeepsAccount):
    """The link in the mail; only the POST changes anything."""

    template_name = "accounts/keep_account.html"

    def find(self) -> User | None:
        return leaving.user_of_link(self.kwargs["token"])

    def refuse(self) -> HttpResponse:
        return self.render_to_response({"account": None}, status=404)
