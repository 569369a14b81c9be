"""Signing in on our pages at a Better Auth server, by OpenID Connect.

allauth speaks the protocol. Who comes back is decided by the same rule as for a token:
issuer and subject, and nothing else.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from requests import RequestException

from accounts.better_auth.identities import find_or_provision
from accounts.better_auth.issuers import Issuer, trusted_issuers
from accounts.better_auth.verifier import MAX_SUBJECT, VerifiedToken
from accounts.models import User
from config.api.problems import Unavailable
from config.errors import answer

logger = logging.getLogger(__name__)


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
        token = VerifiedToken(
            issuer=issuer,
            subject=subject,
            issued_at=int(now.timestamp()),
            expires_at=int(now.timestamp()),
            claims=sociallogin.account.extra_data.get("userinfo", {}),
        )
        identity = find_or_provision(token, at=now)
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
