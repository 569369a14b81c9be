"""Signing in on our pages at a Better Auth server, as a browser goes through it."""

from urllib.parse import parse_qs, urlsplit

from django.test import Client

from config.openid_connect import provider_settings

CALLBACK = "/accounts/oidc/better-auth/login/callback/"
START = "/accounts/oidc/better-auth/login/"


def be_client_of(server, settings):
    """Trust the server, and be known there as one of its clients."""
    ours = server.register_client(f"{settings.BASE_URL}{CALLBACK}")
    settings.BETTER_AUTH = {"url": server.url, "sessions": True}
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        server.url, client_id=ours["client_id"], secret=ours["client_secret"]
    )
    return ours["client_id"]


def browser(settings):
    """Return a browser that knows us by our public address."""
    return Client(headers={"host": urlsplit(settings.BASE_URL).netloc})


def come_back(server, client, session, *, start=START):
    """Start here, be signed in there, and follow the way back."""
    start = client.post(start)
    return follow_back(client, server.follow(start["Location"], session))


def follow_back(client, back):
    parts = urlsplit(back)
    assert parts.path == CALLBACK, back
    return client.get(f"{parts.path}?{parts.query}", follow=True)


def of_start(start, name):
    """Return what the browser is sent on with: `state`, `nonce`."""
    return parse_qs(urlsplit(start["Location"]).query)[name][0]


def is_signed_in(client):
    return "_auth_user_id" in client.session
