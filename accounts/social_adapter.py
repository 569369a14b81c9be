"""Signing in on our pages at a Better Auth server, by OpenID Connect.

allauth speaks the protocol, within our limits. Who comes back is what the signed id
token says, and nobody else: its signature, issuer, audience, times and nonce are
checked as those of an API token are. Then issuer and subject find the account.
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

# Asks for the password there, whoever is signed in (OpenID Connect Core 3.1.2.1).
PROMPT_LOGIN = "prompt=login&max_age=0"
BEGUN_FOR = 10 * 60  # seconds that a session lasts which such a sign-in alone began
DISCOVERY_KEPT = 5 * 60.0  # seconds that what the server says of itself is good for
# Anybody can have the server asked. While it hangs, the other threads stay free.
_limit = ConcurrencyLimit(1, waiting=2)
# What a link of ours may ask of the server.
AUTH_PARAMS = ("prompt", "max_age")
OTHER_ACCOUNT = "This sign-in belongs to another account. Sign out here first."


# --- What allauth fetches -------------------------------------------------------


class _Transport(requests.adapters.BaseAdapter):
    """Sends what allauth asks within the limits of the bridge, from one of few places.

    Whatever is asked there answers with a JSON object or is of no use. Without a place
    it raises `KeysUnavailable`.
    """

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
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
            raise requests.ConnectionError("no JSON object")
        response = requests.Response()
        response.status_code = found.status
        response.headers.update(found.headers.items())
        response.request = request
        response.url = request.url or ""
        response._content = found.body
        return response

    def close(self) -> None:
        """There is nothing to close: each request has a connection of its own."""


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


# Until when what a server says of itself is good; as many as are configured.
_discovered: dict[str, tuple[float, dict[str, Any]]] = {}


def forget_discovery() -> None:
    """Know nothing of any server from here on, as a new process does."""
    _discovered.clear()


class _OpenIDConnect(OpenIDConnectOAuth2Adapter):
    """allauth's protocol; what it comes to is for `SocialAdapter` to judge."""

    def get_provider(self) -> OpenIDConnectProvider:
        provider = super().get_provider()  # type: ignore[no-untyped-call]
        assert isinstance(provider, OpenIDConnectProvider)
        return provider

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the server says of itself, if it speaks for itself (Discovery, 4.3).

        A good answer is kept for some minutes.

        Raises:
            requests.RequestException: it doesn't answer, or names another server.
            KeysUnavailable: too many ask it at once.
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
            raise requests.RequestException("the server names another one")
        _discovered[url] = (now + DISCOVERY_KEPT, found)
        return found

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Take the access token alone; nothing of it is kept."""
        token = data["access_token"]
        if not isinstance(token, str):
            raise OAuth2Error("the access token is no text")
        return SocialToken(token=token)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return a sign-in of nobody yet, with the id token that will tell whose."""
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
    """Return the `iss` of the id tokens of the provider's server."""
    url: str = provider.app.settings["server_url"]
    return f"{_origin_of(url)}{urlsplit(url).path}"


def _origin_of(url: str) -> str | None:
    """Return the origin as Better Auth writes it; None if there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_default = port in (None, fetching.PORTS.get(parts.scheme))
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


# --- Who comes back -------------------------------------------------------------


class SocialAdapter(DefaultSocialAccountAdapter):
    """allauth's protocol with our identities; it stores no account of its own."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Sign in the account that the identity is bound to, made at first sight."""
        try:
            token = _verified(sociallogin)
        except TokenRejected as exc:
            _log_refusal(exc.reason)
            raise ImmediateHttpResponse(redirect("socialaccount_login_error")) from exc
        except (KeysUnavailable, fetching.FetchFailed) as exc:
            logger.warning("outside sign-in unavailable")
            raise ImmediateHttpResponse(answer(request, Unavailable())) from exc
        try:
            identity = identify(token, at=timezone.now())
        except Unavailable as refusal:
            raise ImmediateHttpResponse(answer(request, refusal)) from refusal
        reason = linked_sessions.refusal(identity, token)
        if reason is not None:
            _log_refusal(reason)
            if reason == identities.ENDED:
                raise ImmediateHttpResponse(_ask_again(request, sociallogin.provider))
            raise ImmediateHttpResponse(_refused(request, reason))
        if request.user.is_authenticated and request.user.pk != identity.user_id:
            messages.error(request, OTHER_ACCOUNT)
            raise ImmediateHttpResponse(redirect("accounts:security"))
        # Whole: allauth asks for more of the user than a request of the API.
        sociallogin.user = reload_user(identity.user)
        sociallogin.account.uid = token.subject
        request.issuer_proof = {  # type: ignore[attr-defined]
            "identity": str(identity.pk),
            "auth_time": token.authenticated_at,
        }

    def get_provider(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return allauth's provider, with our limits on what it fetches."""
        provider = super().get_provider(request, *args, **kwargs)
        provider.oauth2_adapter_class = _OpenIDConnect
        return provider

    def get_requests_session(self) -> requests.Session:
        """Return what allauth fetches with: no proxy, no redirect, our deadline."""
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Transport())
        return session

    def list_apps(self, request: HttpRequest, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask nobody where nothing is configured; allauth would ask the database."""
        if not settings.SOCIALACCOUNT_PROVIDERS:
            return []
        apps: list[Any] = super().list_apps(request, *args, **kwargs)
        return apps

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Accounts are made above; allauth's own way, by e-mail, is closed."""
        return False


def _log_refusal(reason: str) -> None:
    logger.info("outside sign-in refused", extra={"reason": f"better auth: {reason}"})


def _ask_again(request: HttpRequest, provider: Any) -> HttpResponse:
    """Send somebody back who signed in there before they ended everything here."""
    messages.info(
        request, "Your sign-in at the other service has expired. Sign in there again."
    )
    return HttpResponseRedirect(
        provider.get_login_url(request, auth_params=PROMPT_LOGIN)
    )


@receiver(authentication_step_completed)
def _complete_record(sender: Any, request: HttpRequest, method: str, **_: Any) -> None:
    """Add to allauth's record of the sign-in whose it is, and when it happened there.

    What asks for a recent sign-in reads the one, the end of the identity the other.
    """
    if method == BY_ISSUER:
        complete_last_record(
            request,
            request.issuer_proof,  # type: ignore[attr-defined]
        )


def _verified(sociallogin: SocialLogin) -> verifier.VerifiedToken:
    """Return what the id token proves, with the names of the same user's userinfo.

    The server's `iss` here is another than that of API tokens, so the issuer is the
    trusted one whose server we have just asked.

    Raises:
        TokenRejected: it proves nothing, or the two are about different users.
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
    """Answer a sign-in that is genuine, but opens no page for this account."""
    advice = linked_sessions.ADVICE.get(reason, "This account is locked.")
    context = {"advice": advice}
    return render(request, "accounts/outside_refused.html", context, status=403)


# --- The two pages --------------------------------------------------------------


class _Start(OAuth2LoginView):
    """Go to the server, with a nonce that its id token must bring back."""

    adapter: _OpenIDConnect

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        provider = self.adapter.get_provider()
        asked: HttpResponse | None = respond_to_login_on_get(request, provider)
        if asked is not None:
            return asked
        wanted = provider.get_redirect_from_request_kwargs(request)
        nonce = secrets.token_urlsafe(16)
        params = {
            name: value
            for name, value in wanted.pop("auth_params").items()
            if name in AUTH_PARAMS
        }
        wanted |= {
            "process": AuthProcess.LOGIN,
            "scope": provider.get_scope(),  # type: ignore[no-untyped-call]
            "auth_params": params | {"nonce": nonce},
            "nonce": nonce,
        }
        if not request.session.keys():
            request.session.set_expiry(BEGUN_FOR)  # `session_binding` takes that back
        response: HttpResponse = provider.redirect(request, **wanted)
        return response


def _page(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    """Answer with allauth's view; 503 where the server says nothing of use."""
    try:
        page = view.adapter_view(_OpenIDConnect(request, provider_id))
        response: HttpResponse = page(request)
    except SocialApp.DoesNotExist as exc:
        raise Http404 from exc
    except KeysUnavailable as exc:
        return answer(request, Unavailable(wait=exc.retry_after))
    except (requests.RequestException, KeyError, ValueError):
        logger.warning("outside sign-in unavailable")
        return answer(request, Unavailable())
    return response


@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the server to sign in."""
    return _page(_Start, request, provider_id)


@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Come back from the server, signed in or refused."""
    return _page(OAuth2CallbackView, request, provider_id)
