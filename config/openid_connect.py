"""From a Better Auth server's address to allauth's settings for signing in there."""

from typing import Any
from urllib.parse import urlsplit


def provider_settings(url: str, *, client_id: str, secret: str) -> dict[str, Any]:
    """Return `SOCIALACCOUNT_PROVIDERS` for the server at `url`; empty without a client.

    What Better Auth's OAuth provider asks of a client by default: a proof key, and the
    secret by HTTP Basic.
    """
    if not client_id:
        return {}
    app = {
        "provider_id": "better-auth",
        "name": urlsplit(url).hostname,
        "client_id": client_id,
        "secret": secret,
        "settings": {
            "server_url": f"{url.rstrip('/')}/api/auth",
            "token_auth_method": "client_secret_basic",
        },
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
