"""The credential centre: everything that authenticates the user, on one page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout, update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView

from accounts import credential_centre as centre
from accounts.authentication import page_credential, user_of
from accounts.better_auth.identities import LastSignInMethod
from accounts.better_auth.issuers import trusted_issuers
from accounts.pages.recent_sign_in import recent_sign_in_required
from accounts.pages.sign_out import clear_browser

# The headings of the page, what to say if there is nothing, and the kinds.
SECTIONS = (
    ("Browsers", "", (centre.SESSION,)),
    (
        "Apps",
        "No app is signed in to your account.",
        (centre.SIGN_IN,),
    ),
    (
        "Access tokens",
        "You have made no token for scripts.",
        (centre.PERSONAL,),
    ),
    (
        "Connected sign-ins",
        "No sign-in of another service is connected.",
        (centre.IDENTITY,),
    ),
    (
        "Passkeys and second steps",
        "You sign in without a second step.",
        (centre.PASSKEY, centre.APP, centre.CODES),
    ),
    (
        "Trusted browsers",
        "No browser skips your second step.",
        (centre.TRUSTED,),
    ),
    (
        "Links by e-mail",
        "You have not asked to change your e-mail address.",
        (centre.ADDRESS,),
    ),
)
# What ending is called, by kind.
VERBS = {
    centre.SESSION: "Sign out",
    centre.SIGN_IN: "Sign out",
    centre.PERSONAL: "Revoke",
    centre.IDENTITY: "Disconnect",
    centre.TRUSTED: "Stop trusting",
    centre.ADDRESS: "Cancel",
}
LAST = "This is your only way to sign in. Add an e-mail address and a password first."


def _viewer(request: HttpRequest) -> centre.Viewer:
    return centre.Viewer(user_of(request), page_credential(request), timezone.now())


class CredentialsView(TemplateView):
    """List everything that authenticates the user."""

    template_name = "accounts/credentials.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        entries = centre.entries(_viewer(self.request))
        sections = [
            {
                "title": title,
                "empty": empty,
                "connects": centre.IDENTITY in kinds and bool(trusted_issuers()),
                "rows": [
                    (
                        entry,
                        VERBS.get(entry.kind, "Remove"),
                        entry.kind in centre.WAYS_TO_SIGN_IN,
                    )
                    for entry in entries
                    if entry.kind in kinds
                ],
            }
            for title, empty, kinds in SECTIONS
            if kinds != (centre.IDENTITY,)
            or trusted_issuers()
            or any(entry.kind in kinds for entry in entries)
        ]
        return super().get_context_data(sections=sections, **kwargs)


def _recent_if_needed(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Require a recent sign-in before a way to sign in is taken away."""
    guarded = recent_sign_in_required(view)

    @wraps(view)
    def choose(request: HttpRequest, *, pk: str) -> HttpResponseBase:
        is_way_in = any(pk.startswith(f"{kind}-") for kind in centre.WAYS_TO_SIGN_IN)
        return (guarded if is_way_in else view)(request, pk=pk)

    return choose


class EndView(TemplateView):
    """End one credential. Opened as a link, it asks first."""

    template_name = "accounts/credential_end.html"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        self.viewer = _viewer(request)
        found = centre.find(self.viewer, str(kwargs["pk"]))
        if found is None or not found.can_end:
            raise Http404
        self.entry = found
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        verb = VERBS.get(self.entry.kind, "Remove")
        return super().get_context_data(entry=self.entry, verb=verb, **kwargs)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        user, entry = self.viewer.user, self.entry
        if entry.kind == centre.SESSION and entry.is_current:
            centre.end(user=user, entry=entry, at=self.viewer.at)
            logout(request)
            messages.success(request, "You have signed out.")
            return clear_browser(redirect("account_login"))
        try:
            is_done = centre.end(user=user, entry=entry, at=self.viewer.at)
        except LastSignInMethod:
            messages.error(request, LAST)
            return redirect("accounts:credentials")
        if is_done:
            messages.success(request, _ended(entry))
        else:
            messages.info(request, f"{entry.name} had ended already.")
        return redirect("accounts:credentials")


def _ended(entry: centre.Entry) -> str:
    if entry.kind == centre.TRUSTED:
        return f"{entry.name} asks for your second step at the next sign-in."
    return f"{entry.name} can no longer be used."


end = _recent_if_needed(EndView.as_view())


class EndOthersView(TemplateView):
    """End everything that gives access now, except this browser."""

    template_name = "accounts/credentials_end_others.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        viewer = _viewer(request)
        centre.end_others(user=viewer.user, keep=viewer.credential, at=viewer.at)
        if SESSION_KEY in request.session:
            update_session_auth_hash(request, viewer.user)
        messages.success(request, "Everything except this browser is signed out.")
        return redirect("accounts:credentials")
