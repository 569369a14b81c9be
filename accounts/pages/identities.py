"""Linking and unlinking identities, which the pages call connected sign-ins.

Linking takes two steps: the user presents a token, sees whose it is, and confirms. In
between, the session keeps the verified claims of the token, not the token itself.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView

from accounts import identity_mails as mails
from accounts.authentication import user_of
from accounts.better_auth.identities import (
    IdentityTaken,
    LastSignInMethod,
    keep,
    link,
    set_skips_factor,
    unlink,
)
from accounts.better_auth.issuers import trusted_issuers
from accounts.better_auth.verifier import VerifiedToken
from accounts.models import LinkedIdentity
from accounts.pages.forms import PresentedTokenForm
from accounts.pages.recent_sign_in import recent_sign_in_required

if TYPE_CHECKING:
    TokenFormView = FormView[PresentedTokenForm]
else:
    TokenFormView = FormView

PRESENTED = "accounts.presented_identity"  # the key in the session
TAKEN = "This sign-in is already connected to another account."


@method_decorator(recent_sign_in_required, name="dispatch")
class ConnectView(TokenFormView):
    """Present a token of the identity to link."""

    form_class = PresentedTokenForm
    template_name = "accounts/connect.html"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if not trusted_issuers():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(issuers=list(trusted_issuers()), **kwargs)

    def form_valid(self, form: PresentedTokenForm) -> HttpResponse:
        token = form.cleaned_data["token"]
        self.request.session[PRESENTED] = {
            "user": str(self.request.user.pk),
            "issuer": token.issuer.issuer,
            "subject": token.subject,
            "email": token.claims.get("email"),
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
        }
        return redirect("accounts:connect-confirm")


@method_decorator(recent_sign_in_required, name="dispatch")
class IdentityConfirmView(TemplateView):
    """Show whose identity it is, and ask before something is done to it."""

    template_name = "accounts/identity_confirm.html"
    verb: ClassVar[str]
    is_removal = False
    back = "accounts:security"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        """Return the words of the page; `known_as` and `issuer` say whose it is."""
        return super().get_context_data(
            verb=self.verb,
            is_removal=self.is_removal,
            cancel=reverse(self.back),
            **kwargs,
        )

    @property
    def identity(self) -> LinkedIdentity:
        """The identity of this user that the URL names."""
        user = user_of(self.request)
        return get_object_or_404(LinkedIdentity, user=user, pk=self.kwargs["pk"])


class ConnectConfirmView(IdentityConfirmView):
    """Show whose identity it is, and link it."""

    verb = "Connect"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if _presented(request) is None:
            return redirect("accounts:connect")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        token = _presented(self.request)
        assert token is not None
        return super().get_context_data(
            issuer=token.issuer.issuer, known_as=token.claims["email"], **kwargs
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        token = _presented(request)
        assert token is not None
        del request.session[PRESENTED]
        now = timezone.now()
        try:
            identity = link(user=user_of(request), token=token, at=now)
        except IdentityTaken:
            messages.error(request, TAKEN)
            return redirect("accounts:security")
        if identity.suspended_at is not None:
            messages.warning(
                request, "This sign-in is connected but paused. Keep or disconnect it."
            )
            return redirect("accounts:paused")
        messages.success(request, "The sign-in has been connected.")
        if identity.created_at == now:  # not connected before
            mails.send_linked(identity)
        return redirect("accounts:security")


def _presented(request: HttpRequest) -> VerifiedToken | None:
    """Return the claims that the user presented, until the token expires."""
    kept = request.session.get(PRESENTED)
    issuer = trusted_issuers().get(kept["issuer"]) if kept else None
    if kept is None or issuer is None or kept.get("user") != str(request.user.pk):
        return None
    expires_at = datetime.fromtimestamp(kept["expires_at"], UTC)
    if expires_at <= timezone.now():
        return None
    return VerifiedToken(
        issuer=issuer,
        subject=kept["subject"],
        issued_at=kept["issued_at"],
        expires_at=kept["expires_at"],
        claims={"email": kept["email"]},
    )


class DisconnectView(IdentityConfirmView):
    """Unlink an identity, after confirmation."""

    verb = "Disconnect"
    is_removal = True

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(**_names(self.identity), **kwargs)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        identity = self.identity
        try:
            is_done = unlink(
                user=user_of(request), identity=identity, at=timezone.now()
            )
        except LastSignInMethod:
            messages.error(
                request,
                "This is your only way to sign in. Add an e-mail address and a password"
                " first.",
            )
        else:
            messages.success(request, "The sign-in has been disconnected.")
            if is_done:  # and not by another request meanwhile
                mails.send_unlinked(identity)
        return redirect("accounts:security")


def _names(identity: LinkedIdentity) -> dict[str, str]:
    return {"known_as": identity.known_as, "issuer": identity.issuer}


@method_decorator(recent_sign_in_required, name="dispatch")
class SecondStepView(IdentityConfirmView):
    """Let an identity in without a second step, or no longer, after confirmation."""

    template_name = "accounts/identity_second_step.html"
    verb = "Let in without a code"
    back = "accounts:factors"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        identity = self.identity
        return super().get_context_data(
            skips=identity.skips_factor, **_names(identity), **kwargs
        )

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        skips = request.POST.get("skips") == "yes"
        set_skips_factor(
            user=user_of(request),
            identity=self.identity,
            skips=skips,
            at=timezone.now(),
        )
        messages.success(
            request,
            "This sign-in is let in without a code."
            if skips
            else "This sign-in requires a second step again.",
        )
        return redirect("accounts:factors")


# --- After a reset by mail -------------------------------------------------------


class PausedView(TemplateView):
    """Show the identities that a reset by mail suspended, to keep or unlink each."""

    template_name = "accounts/paused.html"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        paused = user_of(self.request).identities.exclude(suspended_at=None)
        return super().get_context_data(
            identities=paused.order_by("created_at", "pk"),
            onward=get_next_redirect_url(self.request),
            **kwargs,
        )


class KeepView(IdentityConfirmView):
    """Keep a suspended identity, after confirmation."""

    verb = "Keep"
    back = "accounts:paused"

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        return super().get_context_data(**_names(self.identity), **kwargs)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        user = user_of(request)
        keep(user=user, identity=self.identity, at=timezone.now())
        messages.success(
            request, "The sign-in has been kept and can access your account again."
        )
        paused = user.identities.exclude(suspended_at=None)
        return redirect("accounts:paused" if paused.exists() else "accounts:security")
