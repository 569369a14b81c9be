"""Sign-in on our pages at a Better Auth server, by OpenID Connect.

allauth implements the protocol, within our limits. Only the signed id token says who
signed in: its signature, issuer, audience, times and nonce are verified like those of
an API token. Then issuer and subject identify the account.
"""

import json
import logging
import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.account.signals import authentication_step_completed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import (
    SocialAccount,
    SocialApp,
    SocialLogin,
    SocialToken,
)
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.base.utils import respond_to_login_on_get
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import (
    OAuth2CallbackView,
    OAuth2LoginView,
    OAuth2View,
)
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider,
)
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts import linked_sessions
from accounts.authentication import identify
from accounts.better_auth import fetching, identities, verifier
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.issuers import Issuer, trusted_issuers
from accounts.better_auth.sessions import ConcurrencyLimit
from accounts.credentials import reload_user
from accounts.models import User
from accounts.sign_in_records import BY_ISSUER, complete_last_record
from config.api.problems import Unavailable
from config.errors import answer

logger = logging.getLogger(__name__)

# Makes the server ask for the password again (OpenID Connect Core 3.1.2.1).
PROMPT_LOGIN = "prompt=login&max_age=0"
SESSION_SECONDS = 10 * 60  # of a session that holds nothing but a begun sign-in
DISCOVERY_SECONDS = 5 * 60.0  # for which a discovery document is kept
# Any visitor can cause a request to the server. If it hangs, other threads stay free.
_limit = ConcurrencyLimit(1, waiting=2)
# The parameters that our links may pass to the server.
AUTH_PARAMS = ("prompt", "max_age")
OTHER_ACCOUNT = "This sign-in belongs to another account. Sign out here first."


# --- What allauth fetches -------------------------------------------------------


class _Transport(requests.adapters.BaseAdapter):
    """Sends allauth's requests within the limits of the bridge, a few at a time.

    Every useful response is a JSON object. If too many requests wait already, it raises
    `KeysUnavailable`.
    """

    def send(
        self, request: requests.PreparedRequest, *args: object, **kwargs: object
    ) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: str(value) for name, value in request.headers.items()}
        try:
            with _limit.acquire():
                found = fetching.fetch(
                    request.url or "",
                    method=request.method or "GET",
                    headers=headers,
                    body=body,  # type: ignore[arg-type]  # a form is text or bytes
                )
        except fetching.FetchFailed as exc:
            raise requests.ConnectionError(str(exc)) from exc
        if found.status < 400 and not _is_json_object(found.body):
            raise requests.ConnectionError("not a JSON object")
        response = requests.Response()
        response.status_code = found.status
        response.headers.update(found.headers.items())
        response.request = request
        response.url = request.url or ""
        response._content = found.body
        return response

    def close(self) -> None:
        """Do nothing: each request has its own connection."""


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


# Expiry time and discovery document by server URL; as many as are configured.
_discovered: dict[str, tuple[float, dict[str, Any]]] = {}


def forget_discovery() -> None:
    """Drop all discovery documents that this process has kept."""
    _discovered.clear()


class _OpenIDConnect(OpenIDConnectOAuth2Adapter):
    """allauth's protocol; `SocialAdapter` decides about the result."""

    def get_provider(self) -> OpenIDConnectProvider:
        provider = super().get_provider()  # type: ignore[no-untyped-call]
        assert isinstance(provider, OpenIDConnectProvider)
        return provider

    @property
    def openid_config(self) -> dict[str, Any]:
        """The discovery document of the server (OpenID Connect Discovery, 4.3).

        A valid one is kept for `DISCOVERY_SECONDS`.

        Raises:
            requests.RequestException: the server doesn't respond, or the document is
                that of another server.
            KeysUnavailable: there are too many concurrent requests.
        """
        url, now = self.get_provider().server_url, timezone.now().timestamp()
        until, known = _discovered.get(url, (0.0, {}))
        if now < until:
            return known
        found: dict[str, Any] = super().openid_config
        origin = _origin_of(url)
        addresses = [
            found.get(name)
            for name in (
                "authorization_endpoint",
                "token_endpoint",
                "userinfo_endpoint",
            )
        ]
        if found.get("issuer") != openid_issuer(self.get_provider()) or not all(
            isinstance(one, str) and _origin_of(one) == origin for one in addresses
        ):
            raise requests.RequestException("the document names another server")
        _discovered[url] = (now + DISCOVERY_SECONDS, found)
        return found

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Return the access token only; it is not stored."""
        token = data["access_token"]
        if not isinstance(token, str):
            raise OAuth2Error("the access token is not a string")
        return SocialToken(token=token)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return a sign-in that has no user yet, with the id token that names them."""
        provider = self.get_provider()
        account = SocialAccount(
            provider=app.provider_id,
            uid="",
            extra_data={
                "id_token": kwargs["response"].get("id_token"),
                "userinfo_url": self.profile_url,
            },
        )
        return SocialLogin(user=User(), account=account, provider=provider)


def openid_issuer(provider: OpenIDConnectProvider) -> str:
    """Return the `iss` of the id tokens of this server."""
    url: str = provider.app.settings["server_url"]
    return f"{_origin_of(url)}{urlsplit(url).path}"


def _origin_of(url: str) -> str | None:
    """Return the origin as Better Auth writes it, None if the URL has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_default = port in (None, fetching.PORTS.get(parts.scheme))
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


# --- Who signed in ---------------------------------------------------------------


class SocialAdapter(DefaultSocialAccountAdapter):
    """allauth's protocol with our linked identities; allauth stores no accounts."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Sign in the user of the identity; create both on first use."""
        now = timezone.now()
        try:
            token = _verified(sociallogin)
        except TokenRejected as exc:
            _log_refusal(exc.reason)
            raise ImmediateHttpResponse(redirect("socialaccount_login_error")) from exc
        except (KeysUnavailable, fetching.FetchFailed) as exc:
            logger.warning("external sign-in unavailable")
            raise ImmediateHttpResponse(answer(request, Unavailable())) from exc
        try:
            identity = identify(token, at=now)
        except Unavailable as refusal:
            raise ImmediateHttpResponse(answer(request, refusal)) from refusal
        reason = linked_sessions.refusal(identity, token)
        if linked_sessions.is_leaving(identity, reason):
            reason = linked_sessions.refusal_to_leave(identity, token, at=now)
        if reason is not None:
            _log_refusal(reason)
            if reason == identities.ENDED:
                raise ImmediateHttpResponse(_ask_again(request, sociallogin.provider))
            raise ImmediateHttpResponse(_refused(request, reason))
        if request.user.is_authenticated and request.user.pk != identity.user_id:
            messages.error(request, OTHER_ACCOUNT)
            raise ImmediateHttpResponse(redirect("accounts:security"))
        # allauth reads more columns of the user than an API request needs.
        sociallogin.user = reload_user(identity.user)
        sociallogin.account.uid = token.subject
        request.issuer_proof = {  # type: ignore[attr-defined]
            "identity": str(identity.pk),
            "auth_time": token.authenticated_at,
        }

    def get_provider(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> Any:
        """Return allauth's provider, with our limits on its requests."""
        provider = super().get_provider(request, *args, **kwargs)
        provider.oauth2_adapter_class = _OpenIDConnect
        return provider

    def get_requests_session(self) -> requests.Session:
        """Return a session without proxy and redirects, and with our deadline."""
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Transport())
        return session

    def list_apps(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> list[SocialApp]:
        """Return no apps if no provider is configured, without a database query."""
        if not settings.SOCIALACCOUNT_PROVIDERS:
            return []
        return super().list_apps(request, *args, **kwargs)

    def is_open_for_signup(
        self, request: HttpRequest, sociallogin: SocialLogin
    ) -> bool:
        """Close allauth's own sign-up by e-mail: accounts are created above."""
        return False


def _log_refusal(reason: str) -> None:
    logger.info("external sign-in refused", extra={"reason": f"better auth: {reason}"})


def _ask_again(request: HttpRequest, provider: OpenIDConnectProvider) -> HttpResponse:
    """Redirect a user whose sign-in there is older than their sign-out here."""
    messages.info(
        request, "Your sign-in at the other service has expired. Sign in there again."
    )
    return HttpResponseRedirect(
        provider.get_login_url(request, auth_params=PROMPT_LOGIN)
    )


@receiver(authentication_step_completed)
def _complete_record(
    sender: object, request: HttpRequest, method: str, **_: object
) -> None:
    """Add the identity, and the time of the sign-in there, to allauth's record.

    The session ends with the identity, and the time tells whether it is recent.
    """
    if method == BY_ISSUER:
        complete_last_record(
            request,
            request.issuer_proof,  # type: ignore[attr-defined]
        )


def _verified(sociallogin: SocialLogin) -> verifier.VerifiedToken:
    """Return the verified id token, with the claims of the same user's userinfo.

    Id tokens have another `iss` than API tokens, so the issuer is the trusted one whose
    server we have just asked.

    Raises:
        TokenRejected: the id token is not valid, or userinfo is about another user.
        KeysUnavailable, FetchFailed: the server can't be asked.
    """
    provider, found = sociallogin.provider, sociallogin.account.extra_data
    issuer = issuer_at(provider.server_url)
    if issuer is None:
        raise TokenRejected("issuer")
    token = verifier.verify_id_token(
        found["id_token"],
        issuer,
        openid_issuer=openid_issuer(provider),
        client_id=provider.app.client_id,
        nonce=sociallogin.state.get("nonce"),
        now=timezone.now().timestamp(),
    )
    assert sociallogin.token is not None
    userinfo = fetching.fetch_json(
        found["userinfo_url"],
        headers={"Authorization": f"Bearer {sociallogin.token.token}"},
    )
    if not isinstance(userinfo, dict) or userinfo.get("sub") != token.subject:
        raise TokenRejected("subject")  # OpenID Connect Core, section 5.3.2
    return replace(token, claims=userinfo)


def issuer_at(url: str) -> Issuer | None:
    """Return the trusted issuer whose server is at the origin of `url`."""
    origin = _origin_of(url)
    found = (one for one in trusted_issuers().values() if one.url == origin)
    return next(found, None)


def _refused(request: HttpRequest, reason: str) -> HttpResponse:
    """Respond to a valid sign-in that may not begin a session for this account."""
    advice = linked_sessions.ADVICE.get(reason, "This account is locked.")
    context = {"advice": advice}
    return render(request, "accounts/outside_refused.html", context, status=403)


# --- The two pages --------------------------------------------------------------


class _Start(OAuth2LoginView):
    """Redirect to the server, with a nonce that its id token must contain."""

    adapter: _OpenIDConnect

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        provider = self.adapter.get_provider()
        confirmation: HttpResponse | None
        confirmation = respond_to_login_on_get(request, provider)
        if confirmation is not None:
            return confirmation
        options = provider.get_redirect_from_request_kwargs(request)
        nonce = secrets.token_urlsafe(16)
        params = {
            name: value
            for name, value in options.pop("auth_params").items()
            if name in AUTH_PARAMS
        }
        options |= {
            "process": AuthProcess.LOGIN,
            "scope": provider.get_scope(),  # type: ignore[no-untyped-call]
            "auth_params": params | {"nonce": nonce},
            "nonce": nonce,
        }
        if not request.session.keys():
            request.session.set_expiry(SESSION_SECONDS)  # `session_binding` resets it
        response: HttpResponse = provider.redirect(request, **options)
        return response


def _page(
    view: type[OAuth2View], request: HttpRequest, provider_id: str
) -> HttpResponse:
    """Return the response of allauth's view, or 503 if the server is of no use."""
    try:
        adapter = _OpenIDConnect(request, provider_id)
        page = view.adapter_view(adapter)  # type: ignore[no-untyped-call]
        response: HttpResponse = page(request)
    except SocialApp.DoesNotExist as exc:
        raise Http404 from exc
    except KeysUnavailable as exc:
        return answer(request, Unavailable(wait=exc.retry_after))
    except (requests.RequestException, KeyError, ValueError):
        logger.warning("external sign-in unavailable")
        return answer(request, Unavailable())
    return response


@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the server to sign in."""
    return _page(_Start, request, provider_id)


@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Handle the redirect back from the server."""
    return _page(OAuth2CallbackView, request, provider_id)
