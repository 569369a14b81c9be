"""Browsers and API clients that signed in at a given time."""

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens

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
