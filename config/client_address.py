"""The client address of a request, and the key that rate limits count it under.

Every limit by address uses `address_key`, so that one sender is counted as one
everywhere.
"""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

# A provider gives each customer at least a /64, that is 2^64 addresses to send from
# (RFC 6177), so the whole network is counted as one sender.
IPV6_PREFIX = 64
# What is kept of an address, and shown to the user: enough to recognise a network, too
# little to identify a household. A site gets a /48 (RFC 6177).
KEPT_PREFIXES = {4: 24, 6: 48}
UNKNOWN = "unknown"  # the shared key of everything that is not an address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # translated IPv4, RFC 6052
_MAX_LENGTH = 100  # characters; the longest address with zone and port is shorter
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_key(request: HttpRequest) -> str:
    """Return the key of the sender of this request.

    An IPv4 address is its own key. All addresses of an IPv6 /64 network share one.
    """
    return key_of(_claimed_address(request))


def key_of(text: str) -> str:
    """Return the key of an address in any notation, or `UNKNOWN` if it is invalid."""
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))
    return str(address or UNKNOWN)


def client_address(request: HttpRequest) -> str:
    """Return the sender's address for display, or `UNKNOWN`."""
    return str(_parsed(_claimed_address(request)) or UNKNOWN)


def network(request: HttpRequest) -> str:
    """Return the network around the sender's address, an empty text if unknown."""
    address = _parsed(_claimed_address(request))
    if address is None:
        return ""
    prefix = KEPT_PREFIXES[address.version]
    return str(ipaddress.ip_network((address, prefix), strict=False))


def _claimed_address(request: HttpRequest) -> str:
    """Return the address as our outermost proxy saw it, or else as this server does."""
    remote: str = request.META.get("REMOTE_ADDR") or ""  # none on a Unix socket
    count: int = settings.PROXY_COUNT
    if count < 1:
        return remote
    # Each proxy appends the address it sees. Clients can forge what is further left.
    header: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    seen = header.rsplit(",", count)[-count:]
    if len(seen) < count or not seen[0].strip():
        return remote  # the request did not pass through all proxies
    return seen[0]


def _parsed(text: str) -> IPAddress | None:
    """Parse an address, with or without a port.

    An IPv6 address that embeds an IPv4 address (mapped, RFC 4291; translated, RFC 6052;
    6to4, RFC 3056) becomes that IPv4 address.
    """
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] if match[1] is not None else match[2]
    try:
        # The zone names a network interface of this host, not the sender.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
