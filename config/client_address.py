"""The network address that a request came from, and the key it is counted under.

Everything that limits by address takes its key from `address_key`, so that one sender
is one caller everywhere.
"""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

# A provider gives each customer at least a /64, that is 2^64 addresses to send from
# (RFC 6177): the network is the customer.
IPV6_PREFIX = 64
UNKNOWN = "unknown"  # the one key of everything that is not an address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 behind a translator, RFC 6052
_MAX_LENGTH = 100  # characters; the longest address with zone and port is shorter
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_key(request: HttpRequest) -> str:
    """Return the key that limits count this request's sender under.

    An IPv4 address is its own key; the addresses of one IPv6 /64 share one.
    """
    return key_of(_told(request))


def key_of(text: str) -> str:
    """Return the key of an address, however it is spelled; `UNKNOWN` if it is none."""
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))
    return str(address or UNKNOWN)


def client_address(request: HttpRequest) -> str:
    """Return the address of this request's sender, to be shown; `UNKNOWN` if none."""
    return str(_parsed(_told(request)) or UNKNOWN)


def _told(request: HttpRequest) -> str:
    """Return the address as the outermost of our proxies saw it, or as we see it."""
    remote: str = request.META.get("REMOTE_ADDR") or ""  # none on a Unix socket
    count: int = settings.PROXY_COUNT
    if count < 1:
        return remote
    # Each proxy appends the address it sees; what is further left, anyone can write.
    header: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    seen = header.rsplit(",", count)[-count:]
    if len(seen) < count or not seen[0].strip():
        return remote  # it did not come through all of them
    return seen[0]


def _parsed(text: str) -> IPAddress | None:
    """Read an address, with or without a port.

    An IPv6 address that carries an IPv4 address (mapped, RFC 4291; translated,
    RFC 6052; 6to4, RFC 3056) is that.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] if match[1] is not None else match[2]
    try:
        # A zone names an interface of this host and is no part of the sender.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
