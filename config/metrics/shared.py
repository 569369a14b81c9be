"""Memory in which a worker process leaves its counts for the main process.

It outlives the worker. The main process makes it before the fork, and both see it.
"""

from __future__ import annotations

import mmap
import os
import struct

from config.metrics.registry import Counts

HALF = 1024 * 1024  # bytes; only what was written takes memory
_HEAD = struct.Struct("=qq")  # the process, and which half is valid
_LENGTH = struct.Struct("=q")


class TooLarge(Exception):
    """The counts do not fit, which takes thousands of different labels."""


class Slot:
    """The shared memory of one worker process after another.

    It has two halves: a reader sees the last complete counts while the next are
    written.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HEAD.size + 2 * HALF)  # shared and anonymous

    @property
    def process(self) -> int:
        """The id of the process that writes, or 0 if it has not begun."""
        return int(_HEAD.unpack_from(self._memory)[0])

    def reserve(self) -> None:
        """Keep it for a process that is about to be made."""
        self._put_head(0, self._half)

    def claim(self) -> Counts:
        """Write from now on; return the counts so far. Called in the worker."""
        self._put_head(os.getpid(), self._half)
        return self.read()

    def is_free(self) -> bool:
        """Whether its process has ended."""
        if self.process == 0:
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        return False

    def write(self, octets: bytes) -> None:
        """Store complete counts.

        Raises:
            TooLarge: there are too many.
        """
        if len(octets) > HALF - _LENGTH.size:
            raise TooLarge
        other = 1 - self._half
        start = _HEAD.size + other * HALF
        _LENGTH.pack_into(self._memory, start, len(octets))
        start += _LENGTH.size
        self._memory[start : start + len(octets)] = octets
        self._put_head(self.process, other)

    def read(self) -> Counts:
        """Return the last complete counts."""
        start = _HEAD.size + self._half * HALF
        (length,) = _LENGTH.unpack_from(self._memory, start)
        start += _LENGTH.size
        octets = self._memory[start : start + length]
        return Counts.from_bytes(octets) if octets else Counts()

    @property
    def _half(self) -> int:
        return int(_HEAD.unpack_from(self._memory)[1])

    def _put_head(self, process: int, half: int) -> None:
        _HEAD.pack_into(self._memory, 0, process, half)


class Slots:
    """The slots of all workers, in the main process. `started` counts the workers."""

    def __init__(self) -> None:
        self._all: list[Slot] = []
        self.next: Slot | None = None  # of the worker that is about to be made
        self.started = 0

    def prepare(self) -> None:
        """Choose the slot of the next worker: that of a dead one, or a new one."""
        slot = next((slot for slot in self._all if slot.is_free()), None)
        if slot is None:
            slot = Slot()
            self._all.append(slot)
        slot.reserve()
        self.next = slot
        self.started += 1

    def total(self) -> Counts:
        """Return the sum over all workers, also of those that ended."""
        counts = Counts()
        for slot in list(self._all):
            one = slot.read()
            if slot.is_free():
                one.gauges.clear()
            counts.add(one)
        return counts
