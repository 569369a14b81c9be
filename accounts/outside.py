"""Signing in on our pages at a Better Auth server, by OpenID Connect.

allauth speaks the protocol. Who comes back is decided by the same rule as for a token:
issuer and subject, and nothing else.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.signals import authentication_step_completed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from requests import RequestException

from accounts.better_auth.identities import find_or_provision, is_current
from accounts.better_auth.issuers import Issuer, trusted_issuers
from accounts.better_auth.verifier import MAX_SUBJECT, VerifiedToken, authenticated_at
from accounts.models import User
from config.api.problems import Unavailable
from config.errors import answer

logger = logging.getLogger(__name__)

# Asks for the password there, whoever is signed in (OpenID Connect Core 3.1.2.1).
AGAIN = "prompt=login&max_age=0"
SOMEBODY_ELSE = "That sign-in belongs to another account. Sign out here first."


class OutsideAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # untyped
    """allauth's protocol with our identities; it stores no account of its own."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Sign in the account that the identity is bound to, made at first sight.

        The provider's `iss` is another than that of API tokens, so the issuer is the
        trusted one whose server we have just asked.
        """
        issuer = issuer_at(sociallogin.provider.server_url)
        subject = sociallogin.account.uid
        if issuer is None or not 0 < len(subject) <= MAX_SUBJECT:
            raise ImmediateHttpResponse(redirect("socialaccount_login_error"))
        now = timezone.now()
        proved_at = authenticated_at(
            sociallogin.account.extra_data.get("id_token", {}), now=now.timestamp()
        )
        token = VerifiedToken(
            issuer=issuer,
            subject=subject,
            # A session there counts from its beginning, as where it is used by itself.
            issued_at=proved_at or int(now.timestamp()),
            expires_at=int(now.timestamp()),
            claims=sociallogin.account.extra_data.get("userinfo", {}),
            authenticated_at=proved_at,
        )
        identity = find_or_provision(token, at=now)
        if not is_current(identity, token):
            raise ImmediateHttpResponse(_ask_again(request, sociallogin.provider))
        if request.user.is_authenticated and request.user.pk != identity.user_id:
            messages.error(request, SOMEBODY_ELSE)
            raise ImmediateHttpResponse(redirect("accounts:security"))
        request.outside_proof = {  # type: ignore[attr-defined]
            "identity": str(identity.pk),
            "auth_time": proved_at,
        }
        # Whole: allauth asks for more of the user than a request of the API.
        sociallogin.user = User.objects.get(pk=identity.user_id)

    def list_apps(self, request: HttpRequest, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask nobody where nothing is configured; allauth would ask the database."""
        if not settings.SOCIALACCOUNT_PROVIDERS:
            return []
        apps: list[Any] = super().list_apps(request, *args, **kwargs)
        return apps

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Accounts are made above; allauth's own way, by e-mail, is closed."""
        return False


def _ask_again(request: HttpRequest, provider: Any) -> HttpResponse:
    """Send somebody back who signed in there before they ended everything here."""
    messages.info(request, "Your sign-in there has ended here. Sign in there again.")
    return redirect(provider.get_login_url(request, auth_params=AGAIN))


@receiver(authentication_step_completed)
def _complete_record(sender: Any, request: HttpRequest, method: str, **_: Any) -> None:
    """Add to allauth's record of the sign-in whose it is, and when it happened there.

    What asks for a recent sign-in reads the one, the end of the identity the other.
    """
    if method == "socialaccount":
        records = request.session[AUTHENTICATION_METHODS_SESSION_KEY]
        records[-1] |= request.outside_proof  # type: ignore[attr-defined]
        request.session.modified = True


def _away_is_503(view: Any) -> Any:
    """Answer 503 where the issuer is away or says nothing that can be used."""

    @login_not_required
    def guarded(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            response: HttpResponse = view(request, provider_id)
        except (RequestException, KeyError, ValueError):
            logger.warning("outside sign-in unavailable")
            return answer(request, Unavailable())
        return response

    return guarded


start = _away_is_503(openid_connect.login)
come_back = _away_is_503(openid_connect.callback)


def issuer_at(url: str) -> Issuer | None:
    """Return the trusted issuer whose server is at the origin of `url`."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    found = (one for one in trusted_issuers().values() if one.url == origin)
    return next(found, None)
