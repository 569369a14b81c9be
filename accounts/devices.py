"""The device and the network of a request, in words, for the user of a credential.

Neither identifies anyone. They help users to recognise their own sign-ins: the header
is reduced to a browser and a system, and the address to the network around it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest

from config.client_address import network

MAX_DEVICE_LENGTH = 64
MAX_NETWORK_LENGTH = 43  # characters of the longest IPv6 network

_MAX_HEADER_LENGTH = 512  # characters that are parsed
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+_-]{0,29}")
_PROGRAMS = {"dart": "Dart", "node": "Node.js", "python-httpx": "Python HTTPX"}
_SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}


@dataclass(frozen=True, slots=True)
class Client:
    """Where a credential was used."""

    device: str = ""
    network: str = ""


def client_of(request: HttpRequest) -> Client:
    """Return the device and the network of a request."""
    return Client(device_of(request), network_of(request))


def device_of(request: HttpRequest) -> str:
    """Return the browser and its system, such as "Firefox on Windows".

    A program has its own name, such as "curl". Empty if the header says nothing known.
    """
    return named(request.META.get("HTTP_USER_AGENT", "")[:_MAX_HEADER_LENGTH])


def network_of(request: HttpRequest) -> str:
    """Return the network of the sender, such as "203.0.113.0/24", or an empty text."""
    return network(request)


@lru_cache(maxsize=128)
def named(header: str) -> str:
    """Return the words for a `User-Agent` header."""
    # Imported here, because its patterns take 6 MB and a quarter of a second.
    from ua_parser import parse_os, parse_user_agent

    program = _PROGRAMS.get(header.partition("/")[0].lower())
    if program is not None or not header:
        return program or ""
    browser, system = parse_user_agent(header), parse_os(header)
    name = _checked(browser.family if browser else "")
    place = _checked(system.family if system else "")
    if place == "iOS":
        place = "iPad" if "iPad" in header else "iPhone"
    name = " ".join(word for word in name.split() if word != "Mobile")
    place = _SYSTEMS.get(place, place)
    return f"{name} on {place}" if name and place else name or place


def _checked(name: str) -> str:
    """Return the name, but nothing that a sender could have composed as a message."""
    return name if _NAME.fullmatch(name) else ""
