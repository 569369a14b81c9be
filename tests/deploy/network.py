"""Machines of their own on one machine: network namespaces, joined by a switch.

A namespace has its own addresses and ports, so the files of `deploy/` are used with the
addresses that they name. It takes root, and `ip`.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tests.made_whole import MadeWhole

CLONE_NEWNET = 0x40000000
Result = TypeVar("Result")


def why_not() -> str:
    """Return why there can be no namespaces here, or an empty text."""
    if shutil.which("ip") is None:
        return "there is no ip (Debian: apt-get install iproute2)"
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    name = f"own-{secrets.token_hex(4)}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "this machine allows no network namespaces"
    _ip("netns", "delete", name)
    return ""


class Network(MadeWhole):
    """Namespaces by name, each with one address in 10.0.0.0/24 and a cable."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._prefix = f"own-{secrets.token_hex(3)}-"
        self._made: list[str] = []

    def _remove(self) -> None:
        for namespace in reversed(self._made):
            _ip("netns", "delete", namespace)

    def _create(self) -> None:
        switch = self._add("switch")
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        for name, address in self.addresses.items():
            namespace = self._add(name)
            _ip(
                *("-n", switch, "link", "add", name, "type", "veth"),
                *("peer", "name", "eth0", "netns", namespace),
            )
            _ip("-n", switch, "link", "set", name, "master", "bridge", "up")
            _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", namespace, "link", "set", "eth0", "up")
            _ip("-n", namespace, "link", "set", "lo", "up")

    def _add(self, name: str) -> str:
        namespace = self._prefix + name
        _ip("netns", "add", namespace)
        self._made.append(namespace)
        return namespace

    def pull_cable(self, name: str) -> None:
        """Cut a machine off; nobody is told."""
        self._set_cable(name, "down")

    def plug_in_cable(self, name: str) -> None:
        self._set_cable(name, "up")

    def _set_cable(self, name: str, state: str) -> None:
        _ip("-n", f"{self._prefix}switch", "link", "set", name, state)

    def inside(self, name: str, call: Callable[[], Result]) -> Result:
        """Return what `call` returns there: its sockets and processes stay there.

        It runs in a thread of its own, because a thread can enter a namespace.
        """
        results: list[Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                _enter(self._prefix + name)
                results.append(call())
            except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]


def _enter(namespace: str) -> None:
    library: Any = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if library.setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns failed")
    finally:
        os.close(descriptor)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
