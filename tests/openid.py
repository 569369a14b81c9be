"""Signing in through a Better Auth server on our pages, as a browser does."""

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from config.openid_connect import provider_settings

CALLBACK = "/accounts/oidc/better-auth/login/callback/"
START = "/accounts/oidc/better-auth/login/"


def be_client_of(server, settings):
    """Configure the server as an issuer, and this service as a client there."""
    ours = server.register_client(f"{settings.BASE_URL}{CALLBACK}")
    settings.BETTER_AUTH = {"url": server.url, "sessions": True}
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        server.url, client_id=ours["client_id"], secret=ours["client_secret"]
    )
    return ours["client_id"]


def browser(settings):
    """Return a browser that uses the public address of the service."""
    return Client(headers={"host": urlsplit(settings.BASE_URL).netloc})


def come_back(server, client, session, *, start=START):
    """Start a sign-in here, complete it there, and follow the redirect back."""
    start = client.post(start)
    return follow_back(client, server.follow(start["Location"], session))


def follow_back(client, back):
    parts = urlsplit(back)
    assert parts.path == CALLBACK, back
    return client.get(f"{parts.path}?{parts.query}", follow=True)


def of_start(start, name):
    """Return the parameters of the redirect: `state`, `nonce`."""
    return parse_qs(urlsplit(start["Location"]).query)[name][0]


def is_signed_in(client):
    return "_auth_user_id" in client.session
