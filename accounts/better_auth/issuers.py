"""Which Better Auth servers are trusted: settings in, validated objects out.

One server is described by `BETTER_AUTH_URL` and maybe its companions, several by
`BETTER_AUTH_ISSUERS`, a JSON list of objects with the same words in lower case.
"""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

ASYMMETRIC = ("EdDSA", "ES256", "ES512", "RS256", "PS256")
JWKS_PATH = "/api/auth/jwks"
MIN_SECRET_BYTES = 32
DEFAULT_MAX_LIFETIME = 60 * 60  # seconds
LONGEST_LIFETIME = 7 * 24 * 60 * 60  # seconds; the plan's own example
MAX_ISSUER = 255  # characters; the column that keeps it
HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")  # in ASCII, as `iss` has it

OPTIONS: Mapping[str, type | tuple[type, ...]] = {
    "url": str,
    "issuer": str,
    "audience": (str, list),
    "jwks_url": str,
    "algorithms": (str, list),
    "shared_secret": str,
    "max_lifetime": int,
    "sessions": bool,
}
TYPE_NAMES: Mapping[type | tuple[type, ...], str] = {
    str: "a text",
    (str, list): "a text or a list of texts",
    int: "a whole number of seconds",
    bool: "true or false",
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """A Better Auth server whose tokens open our doors.

    `issuer` is the exact `iss` of its tokens. Keys come from `jwks_url`, or there is
    a `shared_secret` and then HS256 is the only algorithm. `max_lifetime` bounds
    `exp` minus `iat`, in seconds. With `sessions`, its opaque session tokens are
    taken too, each checked with the server at `url`.
    """

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]
    url: str = ""
    jwks_url: str = ""
    shared_secret: str = field(default="", repr=False)
    max_lifetime: int = DEFAULT_MAX_LIFETIME
    sessions: bool = False

    @property
    def session_url(self) -> str:
        """The address that answers whose a session token is."""
        return f"{self.url}/api/auth/get-session"


class InvalidIssuer(ValueError):
    """A setting can't be used; the text says which, and what to write instead."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name} {problem}")


@cache
def trusted_issuers() -> Mapping[str, Issuer]:
    """Return the configured issuers by their exact `iss`.

    What can't be used is left out: `accounts.checks` has stopped the start for it.
    """
    return {issuer.issuer: issuer for issuer in _usable()}


def _usable() -> Iterator[Issuer]:
    with suppress(InvalidIssuer):
        for configured in configured_issuers():
            with suppress(InvalidIssuer):
                yield issuer_from(configured.options, prefix=configured.prefix)


def session_issuer() -> Issuer | None:
    """Return the one issuer whose opaque session tokens are taken, if there is one."""
    return next((one for one in trusted_issuers().values() if one.sessions), None)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting.startswith("BETTER_AUTH"):
        trusted_issuers.cache_clear()


setting_changed.connect(_forget)


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """What the settings say of one issuer, and how to name them in a message."""

    options: Mapping[str, Any] = field(repr=False)
    prefix: str


def configured_issuers() -> list[IssuerSettings]:
    """Return what is configured, not yet validated.

    Raises:
        InvalidIssuer: `BETTER_AUTH_ISSUERS` is no JSON list of objects.
    """
    found = []
    single = {word: value for word, value in settings.BETTER_AUTH.items() if value}
    if single:
        found.append(IssuerSettings(single, "BETTER_AUTH_"))
    if settings.BETTER_AUTH_ISSUERS:
        for number, options in enumerate(_parsed_list(settings.BETTER_AUTH_ISSUERS)):
            found.append(IssuerSettings(options, f"BETTER_AUTH_ISSUERS[{number}]."))
    return found


def _parsed_list(text: str) -> list[dict[str, Any]]:
    example = '[{"url": "https://app.example.com"}]'
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise InvalidIssuer(
            "BETTER_AUTH_ISSUERS", f"is not JSON. Write {example}."
        ) from exc
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InvalidIssuer(
            "BETTER_AUTH_ISSUERS", f"is not a list of objects. Write {example}."
        )
    return value


def issuer_from(options: Mapping[str, Any], *, prefix: str) -> Issuer:
    """Return the issuer that `options` describe; `prefix` names them in messages.

    `url` alone is enough: issuer and audience are its origin, as Better Auth derives
    them, and the keys are at its standard path.

    Raises:
        InvalidIssuer: with the setting to change.
    """
    return _Parser(options, prefix).issuer()


class _Parser:
    """Reads the words of one issuer, each with the rules that hold for it."""

    def __init__(self, options: Mapping[str, Any], prefix: str) -> None:
        self.options = options
        self.is_listed = "[" in prefix
        self.prefix = prefix

    def issuer(self) -> Issuer:
        self._check_options()
        origin = self._origin()
        issuer = self.options.get("issuer") or origin
        if not issuer:
            self._refuse("url", "is missing. Write the server's address.")
        if len(issuer) > MAX_ISSUER or not issuer.isprintable():
            self._refuse("issuer", f"must be up to {MAX_ISSUER} characters of text.")
        secret = self._secret()
        return Issuer(
            issuer=issuer,
            audiences=self._audiences(origin),
            algorithms=("HS256",) if secret else self._algorithms(),
            url=origin,
            jwks_url="" if secret else self._jwks_url(origin),
            shared_secret=secret,
            max_lifetime=self._max_lifetime(),
            sessions=self._sessions(origin),
        )

    def _refuse(self, word: str, problem: str) -> Any:
        name = word if self.is_listed else word.upper()
        raise InvalidIssuer(f"{self.prefix}{name}", problem)

    def _check_options(self) -> None:
        for word, value in self.options.items():
            if word not in OPTIONS:
                self._refuse(word, f"is unknown. Known are: {', '.join(OPTIONS)}.")
            kinds = OPTIONS[word]
            if not isinstance(value, kinds) or (kinds is int and value is True):
                self._refuse(
                    word, f"has another kind of value. Write {TYPE_NAMES[kinds]}."
                )

    def _origin(self) -> str:
        """Return the origin of `url` as Better Auth writes it in `iss`."""
        url = self.options.get("url", "")
        if not url:
            return ""
        self._require_safe("url", url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        if ":" in host:
            host = f"[{host}]"
        if not HOST.fullmatch(host):
            self._refuse("url", "has a host of other letters. Write it as xn--….")
        default = {"https": 443, "http": 80}[parts.scheme]
        port = f":{parts.port}" if parts.port not in (None, default) else ""
        return f"{parts.scheme}://{host}{port}"

    def _require_safe(self, word: str, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or parts.scheme not in {"https", "http"} or port == 0:
            self._refuse(word, "is no address. Write https://app.example.com.")
        if parts.username is not None or parts.fragment:
            self._refuse(word, "must hold no name, password or fragment.")
        if parts.scheme == "http" and not _is_loopback(host or ""):
            self._refuse(word, "is plain http. Write its https address.")

    def _jwks_url(self, origin: str) -> str:
        url: str = self.options.get("jwks_url", "")
        if url:
            self._require_safe("jwks_url", url)
            return url
        if not origin:
            self._refuse("jwks_url", "is missing. Write where the keys are published.")
        return origin + JWKS_PATH

    def _audiences(self, origin: str) -> tuple[str, ...]:
        audiences = _as_list(self.options.get("audience", origin))
        if not audiences or not all(
            isinstance(one, str) and one and one != "*" for one in audiences
        ):
            self._refuse(
                "audience", "is missing, empty or *. Write the `aud` of the tokens."
            )
        return tuple(audiences)

    def _algorithms(self) -> tuple[str, ...]:
        given = _as_list(self.options.get("algorithms", list(ASYMMETRIC)))
        if not given:
            self._refuse("algorithms", f"is empty. Choose of {', '.join(ASYMMETRIC)}.")
        unknown = [str(name) for name in given if name not in ASYMMETRIC]
        if unknown:
            self._refuse(
                "algorithms",
                f"holds {unknown[0][:20]!r}. Choose of {', '.join(ASYMMETRIC)};"
                " for HS256 set the shared secret instead.",
            )
        return tuple(given)

    def _secret(self) -> str:
        if "shared_secret" not in self.options:
            return ""
        secret: str = self.options["shared_secret"]
        try:
            length = len(secret.encode())
        except UnicodeEncodeError:
            self._refuse("shared_secret", "is no text in UTF-8. Write another one.")
        if length < MIN_SECRET_BYTES:
            self._refuse(
                "shared_secret",
                f"is shorter than {MIN_SECRET_BYTES} bytes. Write a longer one, there"
                " and here.",
            )
        for other in ("jwks_url", "algorithms"):
            if other in self.options:
                self._refuse(
                    other, "can't go with a shared secret: it is one or the other."
                )
        return secret

    def _max_lifetime(self) -> int:
        seconds: int = self.options.get("max_lifetime", DEFAULT_MAX_LIFETIME)
        if not 60 <= seconds <= LONGEST_LIFETIME:
            self._refuse("max_lifetime", f"must be 60 to {LONGEST_LIFETIME} seconds.")
        return seconds

    def _sessions(self, origin: str) -> bool:
        sessions: bool = self.options.get("sessions", False)
        if sessions and not origin:
            self._refuse("url", "is missing: sessions are checked there.")
        return sessions


def _as_list(value: Any) -> list[Any]:
    """Take a list as it is, and text as options separated by commas."""
    if isinstance(value, list):
        return value
    return [word.strip() for word in value.split(",") if word.strip()]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
