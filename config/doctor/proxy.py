"""A check of the proxies in front: what they make of a request to the public address.

The request carries forged headers, as an attacker would send them.
"""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from accounts.better_auth.fetching import Answer, FetchFailed, fetch
from config.doctor.arrival import FORGED, HEADER, signature
from config.doctor.findings import Finding, counted, error, ok, warning

TIMEOUT = 10.0  # seconds
PAGE = "docs/operations.md, Behind a proxy, has lines to copy."
REFUSALS = {
    http.client.BAD_REQUEST: (
        "The proxy must pass the Host header on, and ALLOWED_HOSTS must contain it."
    ),
    http.client.NOT_FOUND: (
        "Another service answers there, or Ownlist with another SECRET_KEY."
    ),
    http.client.BAD_GATEWAY: "The proxy can't reach Ownlist: compare HOST and PORT.",
}


def check_proxy(url: str) -> Iterator[Finding]:
    """Ask the service at its public address how the request arrived."""
    url = url.rstrip("/")
    scheme = urlsplit(url).scheme
    if scheme not in {"http", "https"} or not urlsplit(url).hostname:
        yield error(f"{url} is not an address.", "Write --url https://your.host.")
        return
    if url != settings.BASE_URL:
        yield warning(
            f"BASE_URL is {settings.BASE_URL}, not {url}.",
            "Set BASE_URL to the address that users open.",
        )
    try:
        answer = fetch(f"{url}/doctor", headers=_forged(scheme), timeout=TIMEOUT)
    except FetchFailed as exc:
        yield error(
            f"{url} gives no usable response ({exc}).",
            "Look at the name, the certificate and the log of the proxy."
            " It must not redirect this address.",
        )
        return
    if answer.status != http.client.OK:
        yield error(
            f"{url} answers with status {answer.status}.",
            REFUSALS.get(answer.status, PAGE),
        )
        return
    yield from _judge(answer, scheme)


def _forged(scheme: str) -> dict[str, str]:
    """Return the headers of the request: signed, and with two lies."""
    return {
        HEADER: signature(),
        "X-Forwarded-For": FORGED,
        "X-Forwarded-Proto": "http" if scheme == "https" else "https",
    }


def _judge(answer: Answer, scheme: str) -> Iterator[Finding]:
    seen = json.loads(answer.body)
    yield _client_address(seen["address"], seen["proxies"])
    if seen["scheme"] == scheme:
        yield ok(f"The scheme arrives as {scheme}.")
    else:
        yield error(
            f"The scheme arrives as {seen['scheme']}, not {scheme}.",
            "The proxy must set X-Forwarded-Proto, and replace a client's own value."
            f" {PAGE}",
        )
    if scheme == "https" and "Strict-Transport-Security" not in answer.headers:
        yield warning(
            "The response lacks Strict-Transport-Security.",
            "The proxy must not remove headers of the response.",
        )
    elif scheme == "https":
        yield ok("The response has Strict-Transport-Security.")


def _client_address(address: str, proxies: int) -> Finding:
    """Judge the address that rate limits count, which a client must not choose."""
    configured = settings.PROXY_COUNT
    passed = counted(proxies, "proxy", "proxies")
    if address == FORGED:
        return error(
            "A client can choose the address that it is counted by.",
            "The proxy must append the client's address to X-Forwarded-For, and"
            f" PROXY_COUNT ({configured}) must not be more than the proxies. {PAGE}",
        )
    if proxies != configured:
        return error(
            f"The request passed {passed}, and PROXY_COUNT is {configured}.",
            f"Set PROXY_COUNT={proxies}, if all that it passed are yours.",
        )
    return ok(f"The client address arrives as {address}, by {passed}.")
