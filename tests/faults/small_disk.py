"""A file system of a few MiB, in memory, and how it gets full."""

import subprocess
from contextlib import contextmanager

import pytest

PIECE = b"\0" * 4096


@contextmanager
def mounted(directory, *, mebibytes):
    """Mount a file system of this size during the block, which needs to be root."""
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m", "ownlist-faults"]
    done = subprocess.run(
        ["mount", *options, directory], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a file system can't be mounted: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@contextmanager
def full(directory):
    """Fill the file system with another file during the block."""
    ballast = directory / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            _fill(file)
            yield
    finally:
        ballast.unlink()


def _fill(file):
    try:
        while True:
            file.write(PIECE)
    except OSError:
        return
