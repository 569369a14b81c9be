"""The configuration of Better Auth, as the tests write it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Long enough for Better Auth, and for a shared secret of the bridge.
SECRET = "the-secret-of-the-better-auth-server-of-the-tests"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Better Auth's configuration; None keeps the default of Better Auth.

    `options` and `jwt` are merged into the arguments of `betterAuth()` and `jwt()` as
    they are, in their own words. `{origin}` in any text becomes the server's address.
    """

    algorithm: str | None = None
    """EdDSA (its default), ES256, ES512, RS256 or PS256."""

    issuer: str | None = None
    audience: str | Sequence[str] | None = None
    lifetime: str | int | None = None
    """`expirationTime`: a span such as "15m"; a number is an absolute time."""

    rotation_seconds: int | None = None
    grace_seconds: int | None = None
    payload: str | Mapping[str, Any] | None = None
    """`definePayload`: "minimal", "session-id", "lies", or claims over the user's."""

    bearer: Mapping[str, Any] | None = field(default_factory=dict)
    admin: Mapping[str, Any] | None = field(default_factory=dict)
    """The options of these two plugins; None leaves the plugin out."""

    cookie_cache: Mapping[str, Any] | None = None
    """`session.cookieCache`, such as {"strategy": "jwt"}; it is switched on."""

    signed_cookie_cache: bool = False
    """Sign the cookie cache with the key of the tokens (`jwt.sessionCookieCache`)."""

    require_email_verification: bool = False
    oauth: Mapping[str, Any] | None = None
    """The options of the OAuth provider, such as {}; None leaves it out.

    Needs the package @better-auth/oauth-provider and the jwt() plugin.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    jwt: Mapping[str, Any] = field(default_factory=dict)
    secret: str = SECRET
    database: str | None = None
    """The URL of an empty PostgreSQL database; None keeps everything in memory."""

    def as_json(self) -> dict[str, Any]:
        """Return it as `configure` in server.mjs takes it."""
        return {
            "options": _merged(self._options(), self.options),
            "jwt": _merged(self._jwt(), self.jwt),
            "payload": self.payload,
            "bearer": self.bearer,
            "admin": self.admin,
            "oauth": self.oauth,
            "database": self.database,
        }

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"secret": self.secret}
        if self.require_email_verification:
            options["emailAndPassword"] = {"requireEmailVerification": True}
        if self.cookie_cache is not None:
            options["session"] = {"cookieCache": {"enabled": True, **self.cookie_cache}}
        return options

    def _jwt(self) -> dict[str, Any]:
        claims = {
            "issuer": self.issuer,
            "audience": self.audience,
            "expirationTime": self.lifetime,
        }
        keys = {
            "keyPairConfig": self.algorithm and {"alg": self.algorithm},
            "rotationInterval": self.rotation_seconds,
            "gracePeriod": self.grace_seconds,
        }
        options = {
            "jwt": {name: value for name, value in claims.items() if value is not None},
            "jwks": {name: value for name, value in keys.items() if value is not None},
        }
        return options | (
            {"sessionCookieCache": True} if self.signed_cookie_cache else {}
        )


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, mapping by mapping; `over` wins."""
    result = dict(base)
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            value = _merged(result[name], value)
        result[name] = value
    return result
