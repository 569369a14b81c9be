"""The second step of a sign-in on the pages, for users with a factor."""

from typing import Any

from allauth.account.stages import LoginStage, LoginStageController
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from accounts import trusted_browsers
from accounts.models import LinkedIdentity, User

KEY = "mfa_authenticate"  # allauth's name for this stage


class SecondStep(LoginStage):
    """Comes after every other stage of allauth's sign-in, whichever way it began."""

    key = KEY
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Redirect to the page of the step, unless it is not needed."""
        user = self.login.user
        if not isinstance(user, User) or not self._is_needed(user):
            return None, True
        # What the step completes must not survive a change of password meanwhile.
        self.state["epoch"] = user.credential_epoch
        return HttpResponseRedirect(reverse(self.urlname)), True

    def is_resumable(self, request: HttpRequest) -> bool:
        """Let the user begin again: the sign-in page stays reachable."""
        return False

    def _is_needed(self, user: User) -> bool:
        if not user.has_factor or used_passkey(self.request, user):
            return False
        if _identity_skips_it(self.request, user):
            return False
        return not trusted_browsers.is_trusted(self.request, user, at=timezone.now())


def pending(request: HttpRequest) -> SecondStep | None:
    """Return the step that this browser has reached, None if it has not."""
    stage: Any = LoginStageController.enter(request, KEY)
    if not isinstance(stage, SecondStep) or not isinstance(stage.login.user, User):
        return None
    user = stage.login.user
    if stage.state.get("epoch") != user.credential_epoch:
        return None
    if not user.has_factor:  # removed in another tab: no code can be right
        return None
    if not (user.is_active or user.is_leaving):
        return None
    return stage


def record_passkey(request: HttpRequest, user: User) -> None:
    """Record that this request proved with a passkey, and more, who the user is."""
    request.passkey_user = user.pk  # type: ignore[attr-defined]


def used_passkey(request: HttpRequest, user: User) -> bool:
    """Tell whether this request proved so."""
    return getattr(request, "passkey_user", None) == user.pk


def _identity_skips_it(request: HttpRequest, user: User) -> bool:
    """Tell whether this request is a sign-in at an issuer that the user trusts."""
    proof = getattr(request, "issuer_proof", None)
    if proof is None:
        return False
    identities = LinkedIdentity.objects.filter(pk=proof["identity"], user=user)
    return identities.filter(skips_factor=True).exists()
