"""The trusted Better Auth servers, read and validated from the settings.

`BETTER_AUTH_URL` and the settings beside it describe one server. `BETTER_AUTH_ISSUERS`
describes several: a JSON list of objects with the same options in lower case.
"""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

ASYMMETRIC = ("EdDSA", "ES256", "ES512", "RS256", "PS256")
JWKS_PATH = "/api/auth/jwks"
MIN_SECRET_BYTES = 32
DEFAULT_MAX_LIFETIME = 60 * 60  # seconds
LONGEST_LIFETIME = 7 * 24 * 60 * 60  # seconds
MAX_ISSUER = 255  # characters, as in the column that stores it
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
    str: "a string",
    (str, list): "a string or a list of strings",
    int: "a whole number of seconds",
    bool: "true or false",
}


Options = Mapping[str, Any]  # from JSON or the environment
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Issuer:
    """A Better Auth server whose tokens are accepted.

    `issuer` is the exact `iss` of its tokens. Keys come from `jwks_url`; if there is a
    `shared_secret` instead, HS256 is the only algorithm. `max_lifetime` bounds `exp`
    minus `iat`, in seconds. With `sessions`, its opaque session tokens are accepted as
    well, each checked with the server at `url`.
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
        """The URL that returns the session of a token."""
        return f"{self.url}/api/auth/get-session"


class InvalidIssuer(ValueError):
    """A setting is not valid; the text says which, and what to write instead."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name} {problem}")


@cache
def trusted_issuers() -> Mapping[str, Issuer]:
    """Return the valid configured issuers by their exact `iss`.

    `accounts.checks` prevents the start if one is not valid.
    """
    return {issuer.issuer: issuer for issuer in _usable()}


def _usable() -> Iterator[Issuer]:
    with suppress(InvalidIssuer):
        for configured in configured_issuers():
            with suppress(InvalidIssuer):
                yield issuer_from(configured.options, prefix=configured.prefix)


def session_issuer() -> Issuer | None:
    """Return the issuer whose opaque session tokens are accepted, if there is one."""
    return next((one for one in trusted_issuers().values() if one.sessions), None)


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting.startswith("BETTER_AUTH"):
        trusted_issuers.cache_clear()


setting_changed.connect(_forget)


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """The options of one issuer, and their prefix in messages."""

    options: Options = field(repr=False)
    prefix: str


def configured_issuers() -> list[IssuerSettings]:
    """Return the configured issuers, not yet validated.

    Raises:
        InvalidIssuer: `BETTER_AUTH_ISSUERS` is not a JSON list of objects.
    """
    found = []
    single = {name: value for name, value in settings.BETTER_AUTH.items() if value}
    if single:
        found.append(IssuerSettings(single, "BETTER_AUTH_"))
    if settings.BETTER_AUTH_ISSUERS:
        for number, options in enumerate(_parsed_list(settings.BETTER_AUTH_ISSUERS)):
            found.append(IssuerSettings(options, f"BETTER_AUTH_ISSUERS[{number}]."))
    return found


def _parsed_list(text: str) -> list[Options]:
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


def issuer_from(options: Options, *, prefix: str) -> Issuer:
    """Return the issuer that `options` describe; `prefix` is for messages.

    `url` is enough: by default, issuer and audience are its origin, as in Better Auth,
    and the keys are at its default path.

    Raises:
        InvalidIssuer: names the setting to change.
    """
    return _Parser(options, prefix).issuer()


class _Parser:
    """Parses the options of one issuer, each by its own rules."""

    def __init__(self, options: Options, prefix: str) -> None:
        self.options = options
        self.is_listed = "[" in prefix
        self.prefix = prefix

    def issuer(self) -> Issuer:
        self._check_options()
        origin = self._origin()
        issuer = self.options.get("issuer") or origin
        if not issuer:
            self._refuse("url", "is missing. Write the URL of the server.")
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

    def _refuse(self, word: str, problem: str) -> NoReturn:
        name = word if self.is_listed else word.upper()
        raise InvalidIssuer(f"{self.prefix}{name}", problem)

    def _check_options(self) -> None:
        for word, value in self.options.items():
            if word not in OPTIONS:
                self._refuse(
                    word, f"is unknown. The options are: {', '.join(OPTIONS)}."
                )
            kinds = OPTIONS[word]
            if not isinstance(value, kinds) or (kinds is int and value is True):
                self._refuse(
                    word, f"has a value of the wrong type. Write {TYPE_NAMES[kinds]}."
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
            self._refuse("url", "has a host that is not ASCII. Write it as xn--….")
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
            self._refuse(word, "is not a URL. Write https://app.example.com.")
        if parts.username is not None or parts.fragment:
            self._refuse(word, "must not contain a user name, password or fragment.")
        if parts.scheme == "http" and not _is_loopback(host or ""):
            self._refuse(word, "is plain http. Write its https URL.")

    def _jwks_url(self, origin: str) -> str:
        url: str = self.options.get("jwks_url", "")
        if url:
            self._require_safe("jwks_url", url)
            return url
        if not origin:
            self._refuse("jwks_url", "is missing. Write the URL of the published keys.")
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
            self._refuse(
                "algorithms", f"is empty. Choose from {', '.join(ASYMMETRIC)}."
            )
        unknown = [str(name) for name in given if name not in ASYMMETRIC]
        if unknown:
            self._refuse(
                "algorithms",
                f"contains {unknown[0][:20]!r}. Choose from {', '.join(ASYMMETRIC)};"
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
            self._refuse("shared_secret", "is not valid UTF-8. Write another one.")
        if length < MIN_SECRET_BYTES:
            self._refuse(
                "shared_secret",
                f"is shorter than {MIN_SECRET_BYTES} bytes. Write a longer one, there"
                " and here.",
            )
        for other in ("jwks_url", "algorithms"):
            if other in self.options:
                self._refuse(other, "can't be combined with a shared secret.")
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


def _as_list(value: str | list[T]) -> Sequence[str | T]:
    """Return a list unchanged, and split a string at commas."""
    if isinstance(value, list):
        return value
    return [item.strip() for item in value.split(",") if item.strip()]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
