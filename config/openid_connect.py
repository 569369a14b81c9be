"""allauth's settings for signing in at a Better Auth server."""

from config.setting_urls import parts_of


def provider_settings(url: str, *, client_id: str, secret: str) -> dict[str, object]:
    """Return `SOCIALACCOUNT_PROVIDERS` for the server at `url`, empty without a client.

    Better Auth's OAuth provider by default requires PKCE and the client secret by HTTP
    Basic.
    """
    if not client_id:
        return {}
    app = {
        "provider_id": "better-auth",
        "name": parts_of(url).hostname,
        "client_id": client_id,
        "secret": secret,
        "settings": {
            "server_url": f"{url.rstrip('/')}/api/auth",
            "token_auth_method": "client_secret_basic",
        },
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
