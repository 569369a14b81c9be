"""The real nginx, Caddy, HAProxy and Redis: `python -m tests.deploy.programs`.

The command downloads the packages of Debian or Ubuntu that are missing, and unpacks
them under `var`. They are not installed, because that would start them on this machine.
Without a program its tests are skipped.
"""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

UNPACKED = Path(__file__).parents[2] / "var" / "programs"
FOLDERS = [UNPACKED / "usr" / "sbin", UNPACKED / "usr" / "bin", "/usr/sbin", "/usr/bin"]
VERSION = {
    "nginx": "-v",
    "caddy": "version",
    "haproxy": "-v",
    "redis-server": "--version",
}
# What they are linked with, in one version of the distribution or another.
LIBRARIES = {
    "haproxy": [
        "liblua5.3-0",
        "liblua5.4-0",
        "libopentracing-c-wrapper0",
        "libopentracing1",
    ],
    # The server itself is in the package of the tools.
    "redis-server": ["redis-tools", "libatomic1", "libjemalloc2", "liblzf1"],
}


@cache
def find(name: str) -> str | None:
    """Return the path of the program, if it is there and starts."""
    folders = [os.environ.get("PATH", ""), *map(str, FOLDERS)]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        return None
    done = subprocess.run(
        [path, VERSION[name]], env=environment(), capture_output=True, check=False
    )
    return path if done.returncode == 0 else None


def environment() -> dict[str, str]:
    """Return the environment in which unpacked programs find their libraries."""
    libraries = [str(path) for path in (UNPACKED / "usr" / "lib").glob("*-linux-gnu*")]
    return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def unpack(names: list[str]) -> None:
    """Download and unpack packages with apt, ignoring failures."""
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            subprocess.run(["apt-get", "--quiet=2", "update"], check=False)
        libraries = [one for name in names for one in LIBRARIES.get(name, ())]
        for name in [*names, *libraries]:
            # Root would download as another user, who may not write into the folder.
            options = ["--quiet=2", "--option=APT::Sandbox::User=root"]
            download = ["apt-get", *options, "download", name]
            subprocess.run(download, cwd=folder, check=False)
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, UNPACKED], check=False)
    find.cache_clear()


def main() -> None:
    """Make sure that all programs are there, or say what to do."""
    missing = [name for name in VERSION if not find(name)]
    if missing and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        print(f"Downloading {' and '.join(missing)} for the tests", flush=True)
        unpack(missing)
    for name in missing:
        if not find(name):
            print(f"Without {name} some tests are skipped. Install it to run them.")


if __name__ == "__main__":
    main()
