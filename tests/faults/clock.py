"""A clock of the day that a test sets, for all processes of an instance at once."""

import mmap
import shutil
import struct
import subprocess
from datetime import timedelta
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = shutil.which("cc")


class Clock:
    """The clock of processes that run with `environment`."""

    def __init__(self, directory: Path) -> None:
        library, file = directory / "clock.so", directory / "difference"
        options = ["-shared", "-fPIC", "-O1", "-o", library]
        subprocess.run([str(COMPILER), *options, SOURCE], check=True)
        file.write_bytes(bytes(mmap.PAGESIZE))
        with file.open("r+b") as opened:
            self._difference = mmap.mmap(opened.fileno(), mmap.PAGESIZE)
        self.environment = {"LD_PRELOAD": str(library), "OWNLIST_CLOCK": str(file)}

    def set(self, difference: timedelta) -> None:
        """Let it differ by this much from the right one."""
        self._difference[:8] = struct.pack("@q", int(difference.total_seconds()))
