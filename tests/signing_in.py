"""Browsers and API clients that signed in at a given time, and second factors."""

from base64 import b32decode

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import factors, tokens, trusted_browsers

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def browser_of(user, *, proof=None):
    """Return a browser with a session of the user, without the sign-in form.

    `proof` is allauth's record of the authentication method.
    """
    client = Client()
    client.force_login(user, backend=BACKEND)
    if proof is not None:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
        session[f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"] = str(user.pk)
        session.save()
    return client


def password_at(at):
    """Return the record of a password sign-in at this time."""
    return {"method": "password", "at": at.timestamp()}


def program_of(user, *, authenticated_at=None):
    """Return an API client with an access token of the user."""
    pair = tokens.start_family(
        user=user, at=timezone.now(), authenticated_at=authenticated_at
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    return client


# --- Second factors ------------------------------------------------------------------


def app_code(secret, *, at):
    """Return the code that an authenticator app with this secret shows."""
    totp = TOTP(b32decode(secret), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    return totp.generate(int(at.timestamp())).decode()


def with_app(user, *, at):
    """Add an authenticator app to the user, and return its secret."""
    secret = factors.new_app_secret()
    factors.add_app(user=user, secret=secret, code=app_code(secret, at=at), at=at)
    return secret


def factor_at(at):
    """Return the record of a second step at this time."""
    return {"method": "mfa", "at": at.timestamp(), "type": "totp"}


def trusting(user, *, at, request=None, fingerprint=None):
    """Trust the browser of the request; return the response with its cookie."""
    response = HttpResponse()
    trusted_browsers.trust(
        request or RequestFactory().get("/"),
        response,
        user,
        fingerprint=fingerprint or trusted_browsers.fingerprint_of(user),
        at=at,
    )
    return response
