"""Ask the server of this machine whether it is ready: `python -m config.probe`.

For supervisors and containers, which need no other program for it. HOST, PORT, BASE_URL
and ALLOWED_HOSTS are read as by the server. `--wait 60` asks again until it is ready,
for at most 60 seconds, and not after the process of `--pid` has ended. Exits with 0 or
1.
"""

import argparse
import http.client
import math
import os
import sys
import time
from urllib.parse import urlsplit

from config import dotenv
from config.server import address

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared with
PAUSE = 0.2  # seconds between two requests
UNUSABLE = (
    "HOST, ALLOWED_HOSTS, BASE_URL or the path contains what no address can contain."
    " Correct it."
)


def host_header() -> str:
    """Return a name that the server answers to: the first one of ALLOWED_HOSTS."""
    allowed = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    base_url = os.environ.get("BASE_URL") or "http://127.0.0.1:8000"
    return allowed.removeprefix(".") or urlsplit(base_url).hostname or "127.0.0.1"


def failure(path: str, *, timeout: float) -> str:
    """Return why the server is not ready, or an empty text if it is.

    Exits with a message if it can't be asked at all.
    """
    host, port = address()
    try:
        connection = http.client.HTTPConnection(
            WILDCARDS.get(host, host), port, timeout=timeout
        )
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host_header())
    except (ValueError, http.client.HTTPException):
        sys.exit(UNUSABLE)
    try:
        connection.endheaders()
        status = connection.getresponse().status
    except UnicodeError:
        sys.exit(UNUSABLE)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})"
    finally:
        connection.close()
    return "" if status == 200 else f"status {status}"


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:  # it may also belong to another user
        return isinstance(error, ProcessLookupError)
    return False


def _seconds(text: str) -> float:
    if math.isnan(seconds := float(text)):
        raise ValueError
    return seconds


def main(arguments: list[str]) -> str:
    """Ask, and return the message for a failure."""
    parser = argparse.ArgumentParser(prog="python -m config.probe")
    parser.add_argument(
        "path", nargs="?", default="/readyz", help="/readyz or /healthz"
    )
    parser.add_argument("--wait", type=_seconds, default=0, metavar="SECONDS")
    parser.add_argument("--pid", type=int, help="the main process of the server")
    options = parser.parse_args(arguments)
    dotenv.load()
    deadline = time.monotonic() + options.wait
    while problem := failure(options.path, timeout=5):
        if options.pid and _has_ended(options.pid):
            return f"The server, process {options.pid}, has ended. Look into its log."
        if time.monotonic() >= deadline:
            return f"Not ready: {options.path} at port {address()[1]}: {problem}."
        time.sleep(PAUSE)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
