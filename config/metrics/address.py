"""METRICS_ADDRESS: where the metrics are served."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""


def parse(text: str) -> Address:
    """Parse `127.0.0.1:9464`, `[::1]:9464` or `unix:/run/ownlist/metrics.sock`.

    Raises:
        ValueError: it is none of these.
    """
    if text.startswith("unix:/"):
        return Address(path=text.removeprefix("unix:"))
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("not an address")
    return Address(host=host.strip("[]"), port=int(port))
