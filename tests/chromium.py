"""A real Chromium for the browser tests: `python -m tests.chromium`.

The command installs one if none is found. It is the one at CHROMIUM_PATH, or else one
on the PATH, or else that of Playwright.
"""

import os
import platform
import shutil
import subprocess
import sys
from functools import cache

from tests.patience import PATIENCE

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = """\
The browser tests need Chromium, and it could not be installed.
Install it with the system's packages (on Debian: apt-get install chromium), or with
Playwright (.venv/bin/python -m playwright install --with-deps chromium), or set
CHROMIUM_PATH to the program of a Chromium or Chrome that is there already."""


@cache
def find() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    if named := os.environ.get("CHROMIUM_PATH"):
        if _starts(named):
            return named
        sys.exit(f"CHROMIUM_PATH is {named}, and that does not start.")
    candidates = [path for name in COMMANDS if (path := shutil.which(name))]
    return next(filter(_starts, candidates), None) or _playwrights_own()


def _starts(path: str) -> bool:
    """Whether the program starts. Ubuntu's `chromium` may only refer to a snap."""
    return bool(_version(path))


def _version(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _playwrights_own() -> str | None:
    """Return the browser that Playwright has downloaded, if it starts.

    In a process of its own, because Playwright can't be started twice in one.
    """
    question = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright:\n"
        "    print(playwright.chromium.executable_path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=False
    )
    path = done.stdout.strip()
    return path if path and _starts(path) else None


def install() -> None:
    """Install Chromium with the package manager or Playwright, ignoring failures."""
    if _is_debian_root():
        print("Installing Debian's Chromium", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        apt = ["apt-get", "--quiet=2"]
        subprocess.run([*apt, "update"], env=environment, check=False)
        subprocess.run(
            [*apt, "install", "--yes", "--no-install-recommends", "chromium"],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        find.cache_clear()
        if find():
            return
    print("Installing Playwright's Chromium", flush=True)
    # Only root can also install the system libraries.
    libraries = ["--with-deps"] if _is_root() and shutil.which("apt-get") else []
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", *libraries, "chromium"],
        check=False,
    )
    find.cache_clear()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_debian_root() -> bool:
    """Whether Debian's package can be installed. Ubuntu's only refers to a snap."""
    if not _is_root() or not shutil.which("apt-get"):
        return False
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:
        return False


def main() -> None:
    """Make sure that Chromium is installed, or print what to do."""
    if not find():
        install()
    path = find()
    if not path:
        sys.exit(HELP)
    print(f"Browser: {_version(path)} ({path})")


if __name__ == "__main__":
    main()
